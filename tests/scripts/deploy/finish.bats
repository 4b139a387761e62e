#!/usr/bin/env bats
load host
setup() {
  host
  colour_has blue r-blue "$BLUE_IMAGE"
  FROM=blue TO=green RELEASE=r-green KIND=8 STEP=some JOURNALING=yes AUDITED=yes
  stub remove take_back nobody start stop until_healthy nginx_switch audit unlock
  echo x >"$STATE/deploy.json"
  echo "snapshot s; to go back: restore s" >"$STATE/migration"
}

# ends POINT CODE: finish is called in a script of its own
ends() {
  POINT=$1
  run finish "$2"
}

@test "a deploy that ended well undoes nothing" {
  ends "done" 0
  [ "$status" = 0 ]
  [ "$(calls | tr '\n' '|')" = "audit done|unlock|" ]
  [ ! -e "$STATE/deploy.json" ]
}

@test "before the switch the new colour is stopped, and the code is that of the kind" {
  ends before 5
  [ "$status" = 5 ]
  [ "$(calls | tr '\n' '|')" = "remove green|audit failed|unlock|" ]
  ends before 1
  [ "$status" = 8 ]
  ends before 137
  [ "$status" = 8 ]
}

@test "after the switch the old colour is taken back" {
  ends switched 1
  [ "$status" = 10 ]
  order "take_back blue green" "audit failed" unlock
  [ "$(cat "$STATE/colour")" = blue ]
}

@test "who interrupts it is told so, and it is taken back too" {
  ends switched 11
  [ "$status" = 11 ]
  order "take_back blue green"
}

@test "a first deploy that fails leaves nothing" {
  FROM=""
  ends switched 1
  order nobody
  : >"$CALLS"
  ends before 1
  order nobody
}

@test "before the schema changes, the old release comes back from behind the page" {
  MAINTENANCE=on
  ends quiet 6
  order "remove green" "start blue api-server scheduler dag-processor triggerer" "nginx_switch blue serving"
  [ ! -e "$STATE/deploy.json" ]
}

@test "an old release that does not come back is what the next deploy begins with" {
  MAINTENANCE=on
  until_healthy() { return 1; }
  ends quiet 6
  [[ $output == *"blue did not come back, and the maintenance page stays"* ]]
  ! grep -q nginx_switch "$CALLS"
  [ -e "$STATE/deploy.json" ]
}

@test "before anything served, nothing is there afterwards" {
  MAINTENANCE=on FROM=""
  ends quiet 6
  [ "$(calls | tr '\n' '|')" = "nobody|audit failed|unlock|" ]
}

@test "after it has changed, the page stays, nothing runs, and the snapshot is named" {
  MAINTENANCE=migrated
  ends migrated 6
  [ "$status" = 6 ]
  [[ $output == *"To go on: deploy again with --migrate"*"snapshot s; to go back: restore s"* ]]
  order "nginx_switch blue maintenance" "stop blue 130 api-server scheduler dag-processor triggerer" "remove green"
  [ -e "$STATE/deploy.json" ]
}

@test "a deploy that goes on with a migration and fails before it touched anything keeps the journal" {
  MAINTENANCE=migrated
  ends nothing 4
  [ "$status" = 4 ]
  [[ $output == *"restore s"* ]]
  [ "$(calls | tr '\n' '|')" = "audit failed|unlock|" ]
  [ -e "$STATE/deploy.json" ]
}

@test "a page that was asked for stays when a deploy fails" {
  MAINTENANCE=closed
  ends closed 8
  [ "$status" = 8 ]
  [[ $output == *"maintenance.sh off"* ]]
  order "nginx_switch blue maintenance" "remove green"
  [ -e "$STATE/deploy.json" ]
}

@test "what fails after the release has proved itself takes nothing back" {
  RELEASE=new STEP=drain
  ends "done" 1
  [ "$status" = 12 ]
  [[ $output == *"new serves; 'drain', which comes after it, failed"* ]]
  [ "$(calls | tr '\n' '|')" = "audit failed|unlock|" ]
}

@test "a deploy that has not begun leaves no audit, and the journal of the one before" {
  AUDITED="" JOURNALING=""
  ends nothing 2
  [ "$status" = 2 ]
  [ "$(calls)" = unlock ]
  [ -e "$STATE/deploy.json" ]
}
