#!/usr/bin/env bats
load host
setup() {
  host
  colour_has blue r-blue "$BLUE_IMAGE"
  SWITCHED_AT=2026-01-01T00:00:00Z
  stub start stop drain remove nginx_drain nginx_switch until_healthy sick
  all_healthy() { called all_healthy "$@"; }
  # what its dag-processor says; nothing before it has parsed all
  PARSED=""
  in_container() { [[ -n $PARSED ]] && echo "$PARSED"; }
}

# log COUNT STATUS COLOUR
log() {
  for ((line = 0; line < $1; line++)); do
    echo "{\"status\": \"$2\", \"colour\": \"$3\"}"
  done
}

@test "a release that stays good is kept after BAKE_S" {
  access_log() { called access_log "$@" && log 30 200 green; }
  bake green
  [[ $(calls) == *"access_log 2026-01-01T00:00:00Z"* ]]
  [[ $(calls) == *"all_healthy green api-server scheduler dag-processor triggerer"* ]]
  ((SECONDS >= 4))
}

@test "one that gets sick is not" {
  access_log() { :; }
  all_healthy() { return 1; }
  run bake green
  [ "$status" = 1 ]
}

@test "errors of the new colour count, those of the old one do not" {
  access_log() { log 90 200 green && log 10 502 green; }
  run bake green
  [ "$status" = 1 ]
  [[ $output == *"10 % of the answers of green since the switch are 5xx, and BAKE_ERRORS_PERCENT is 5"* ]]
  access_log() { log 96 200 green && log 4 502 green && log 50 502 blue && echo "no JSON"; }
  bake green
}

@test "an import error that comes up later counts" {
  access_log() { :; }
  PARSED='{"import_errors": {}}'
  bake green
  PARSED='{"import_errors": {"dags/late.py": "No module named late"}}'
  run bake green
  [ "$status" = 1 ]
  [[ $output == *"cannot be imported"*"dags/late.py: No module named late"* ]]
}

@test "a few answers say nothing about a share" {
  access_log() { log 19 500 green; }
  few_errors green now
}

@test "the log is that of nginx since the switch" {
  nginx_ids() { printf '%s\n' newest older; }
  access_log 2026-01-01T00:00:00Z
  [ "$(calls)" = "docker logs --since 2026-01-01T00:00:00Z newest" ]
}

@test "the old colour gets everything back: requests first, then the only dag-processor" {
  run take_back blue green
  [ "$status" = 0 ]
  order "start blue api-server" "nginx_switch blue serving" "stop green 30 dag-processor" \
    "start blue api-server scheduler dag-processor triggerer" "drain green" "remove green"
}
