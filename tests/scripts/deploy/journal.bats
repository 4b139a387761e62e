#!/usr/bin/env bats
load host
setup() {
  host
  colour_has blue r-blue "$BLUE_IMAGE"
  colour_has green r-green "$GREEN_IMAGE"
  stub start stop stay let_go drain remove nginx_drain nginx_switch nginx_render nginx_start nginx_stop until_healthy warm
  nginx_colour() { echo blue; }
  nginx_single() { :; }
}

# left KEEP [MAINTENANCE]: by a deploy that was killed
left() {
  echo "{\"step\": \"switch\", \"keep\": \"$1\", \"to\": \"r-green\", \"maintenance\": \"${2:-}\"}" >"$STATE/deploy.json"
}

@test "the journal says what is under way, once it was seen what was" {
  KEEP=blue RELEASE=r-green
  journal switch
  [ ! -e "$STATE/deploy.json" ]
  JOURNALING=yes
  journal switch
  [ "$(host_py field keep <"$STATE/deploy.json") $(host_py field step <"$STATE/deploy.json")" = "blue switch" ]
}

@test "nothing is healed after a deploy that ended" {
  heal
  [ -z "$(calls)" ]
}

@test "after one that was killed the colour that it names works, with exactly one dag-processor" {
  left blue
  run heal
  [ "$status" = 0 ]
  [[ $output == *"the deploy of r-green ended in the middle of 'switch'"* ]]
  order "start blue api-server" "nginx_switch blue serving" "stop green 30 dag-processor" \
    "start blue dag-processor scheduler triggerer" "drain green" "remove green"
  [ ! -e "$STATE/deploy.json" ]
  [ "$(cat "$STATE/colour")" = blue ]
}

@test "what cannot be healed is looked at again by the next deploy" {
  left blue
  until_healthy() { return 1; }
  run heal
  [ "$status" = 1 ]
  [ -e "$STATE/deploy.json" ]
  ! grep -q "remove green" "$CALLS"
}

@test "after a first deploy that was killed there is nothing" {
  left ""
  heal
  order "remove blue" "remove green" nginx_stop
}

@test "a migration that was cut off is never healed by itself" {
  left blue migrated
  echo "snapshot s; to go back: restore s" >"$STATE/migration"
  run heal
  [ "$status" = 6 ]
  [[ $output == *"snapshot s; to go back: restore s"* ]]
  MIGRATE=yes
  heal
  [ -e "$STATE/deploy.json" ]
  # and its own journal says so too
  [ "$MAINTENANCE" = migrated ]
  JOURNALING=yes KEEP=blue
  journal preflight
  [ "$(host_py field maintenance <"$STATE/deploy.json")" = migrated ]
}

@test "a page that was asked for is not healed away" {
  left blue closed
  heal
  [ "$MAINTENANCE" = closed ]
  [ -z "$(calls)" ]
  [ -e "$STATE/deploy.json" ]
}

@test "a deploy that was killed behind the page, before the schema changed, is healed" {
  left blue on
  heal
  [ -z "$MAINTENANCE" ]
  order "start blue api-server" "nginx_switch blue serving" "start blue dag-processor scheduler triggerer"
  [ ! -e "$STATE/deploy.json" ]
}

@test "nginx that runs is switched, one that does not is started after the placeholder is gone" {
  point_nginx green
  [ "$(calls)" = "nginx_switch green serving" ]
  : >"$CALLS"
  nginx_colour() { return 1; }
  point_nginx green maintenance
  order "systemctl stop airflow-placeholder.service" "nginx_render green maintenance" nginx_start
}

@test "of two nginx that a killed deploy left one stays, before it is switched" {
  stub nginx_single
  point_nginx green
  order nginx_single "nginx_switch green serving"
}

@test "a host without the placeholder's unit has no placeholder" {
  systemctl() { [[ $1 != cat ]] || return 1; called systemctl "$@"; }
  placeholder stop
  [ -z "$(calls)" ]
}
