#!/usr/bin/env bats
# The functions of scripts/deploy/nginx.sh, with stubs for docker, curl and nginx. Real ones: tests/docker.

setup() {
  ROOT=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
  export AIRFLOW_HOST_DIR=$BATS_TEST_TMPDIR NGINX_TEMPLATES=$ROOT/docker/nginx
  export DOMAIN_NAME=airflow.test EXECUTION_NETWORKS=10.0.0.0/16,172.16.0.0/12 NGINX_IMAGE=nginx@sha256:0
  NGINX_DIR=$BATS_TEST_TMPDIR/state/nginx
  calls=$BATS_TEST_TMPDIR/calls
  : >"$calls"
  # shellcheck source=scripts/deploy/nginx.sh
  . "$ROOT/scripts/deploy/nginx.sh"

  # nginx as a file: a reload makes what is live what it answers
  docker() {
    echo "docker $*" >>"$calls"
    case "$*" in
      *"nginx -v"*) echo "nginx version: nginx/${VERSION:-1.30.1}" >&2 ;;
      *" -t") [[ -z ${REFUSES:-} ]] || { echo "[emerg] unknown directive" >&2 && return 1; } ;;
      *"-s reload") [[ -n ${IGNORES:-} ]] || readlink "$NGINX_DIR/live" >"$BATS_TEST_TMPDIR/answers" ;;
      *children*) cat "$BATS_TEST_TMPDIR/workers" ;;
      *" up "*) [[ -z ${NO_START:-} ]] && readlink "$NGINX_DIR/live" >"$BATS_TEST_TMPDIR/answers" ;;
    esac
  }
  curl() {
    local generation
    generation=$(cat "$BATS_TEST_TMPDIR/answers" 2>/dev/null) || return 7
    if [[ $* == *--write-out* ]]; then
      echo "$generation"
    else
      sed -n '/\$colour/,/}/s/^ *default \(.*\);/\1/p' "$NGINX_DIR/$generation/upstream.inc"
    fi
  }
  sleep() { SECONDS=$((SECONDS + 1)); }
  echo "11 12 " >"$BATS_TEST_TMPDIR/workers"
}

live() {
  cat "$NGINX_DIR/live/$1"
}

serve() {
  nginx_render "$1"
  nginx_start
  : >"$calls"
}

@test "render writes the colour's port, the colour and the networks" {
  TRUSTED_PROXIES=10.0.1.0/24,10.0.2.0/24 nginx_render green
  [[ $(live upstream.inc) == *"server 127.0.0.1:8082 "* ]]
  [[ $(live upstream.inc) == *"default green;"* ]]
  [[ $(live maintenance.inc) == *"default 0;"* ]]
  [[ $(live nginx.conf) == *$'10.0.0.0/16 1;\n172.16.0.0/12 1;'* ]]
  [[ $(live nginx.conf) == *$'set_real_ip_from 10.0.1.0/24;\nset_real_ip_from 10.0.2.0/24;'* ]]
  [[ -z $(grep -F '${' -r "$NGINX_DIR/live/") ]]
}

@test "render takes one server for each upstream" {
  nginx_render blue
  [[ $(grep -c '^ *server ' "$NGINX_DIR/live/upstream.inc") == 1 ]]
}

@test "render in maintenance" {
  nginx_render blue maintenance
  [[ $(live maintenance.inc) == *"default 1;"* ]]
}

@test "render listens on 127.0.0.1 besides a single address" {
  LISTEN=10.0.0.5 HTTPS_PORT=8443 nginx_render blue
  grep -F 'listen 127.0.0.1:8443 ssl default_server reuseport;' "$NGINX_DIR/live/nginx.conf"
  grep -F 'listen 10.0.0.5:8443 ssl;' "$NGINX_DIR/live/nginx.conf"
  grep -F 'https://airflow.test:8443$request_uri' "$NGINX_DIR/live/nginx.conf"
}

@test "render names each setting that is missing" {
  unset DOMAIN_NAME EXECUTION_NETWORKS
  run nginx_render blue
  [[ $status == 2 && $output == *"DOMAIN_NAME is not set"* && $output == *"EXECUTION_NETWORKS is not set"* ]]
  [[ ! -e $NGINX_DIR/live ]]
}

@test "render names each setting that is malformed, with what is legal" {
  local setting
  for setting in "EXECUTION_NETWORKS=10.0.0.0" "TRUSTED_PROXIES=all" "LOGIN_RATE=fast" "MAX_REQUEST_SIZE=1g" \
    "BLUE_PORT=x" "DOMAIN_NAME=a;b" "NGINX_DRAIN_S=" "LISTEN=*" "LOGIN_BURST=0" "NGINX_WORKERS=many"; do
    run env "$setting" bash -c ". $ROOT/scripts/deploy/nginx.sh; nginx_settings; ${setting%%=*}='${setting#*=}'; nginx_check_settings"
    [[ $status == 2 && $output == *"${setting%%=*} is \"${setting#*=}\": it is "* ]] || {
      echo "$setting: $status $output"
      return 1
    }
  done
}

@test "render names a value that a template asks for and nobody has" {
  cp -r "$NGINX_TEMPLATES" "$BATS_TEST_TMPDIR/templates"
  echo 'x ${NOT_THERE};' >>"$BATS_TEST_TMPDIR/templates/health.inc.template"
  NGINX_TEMPLATES=$BATS_TEST_TMPDIR/templates run nginx_render blue
  [[ $status == 2 && $output == *'health.inc.template names ${NOT_THERE}'* ]]
  [[ ! -e $NGINX_DIR/live ]]
  [[ -z $(ls "$NGINX_DIR") ]]
}

@test "a colour is blue or green" {
  run nginx_render red
  [[ $status == 2 && $output == *'no colour: "red"'* ]]
}

@test "start brings up what is rendered, and says which colour" {
  nginx_render green
  nginx_start
  grep -F "docker compose -f $NGINX_TEMPLATES/compose.yml -p airflow-nginx up --detach --no-recreate" "$calls"
  [[ $(nginx_colour) == green ]]
  [[ $(nginx_state) == serving ]]
}

@test "start wants something rendered, and an image" {
  run nginx_start
  [[ $status == 2 && $output == *"call nginx_render"* ]]
  nginx_render blue
  NGINX_IMAGE="" run nginx_start
  [[ $status == 2 && $output == *"NGINX_IMAGE is not set"* ]]
}

@test "start that does not answer shows the log" {
  nginx_render blue
  NO_START=1 run nginx_start
  [[ $status == 9 && $output == *"did not start on port 443"* ]]
  grep -F "logs --no-log-prefix --tail 20" "$calls"
}

@test "colour and state fail where nginx does not answer" {
  run nginx_colour
  [[ $status != 0 && -z $output ]]
  run nginx_state
  [[ $status != 0 && -z $output ]]
}

@test "switch notes the workers, tests, then reloads, and answers with the new colour" {
  serve blue
  nginx_switch green
  [[ $(nginx_colour) == green ]]
  [[ $(<"$NGINX_DIR/old-workers") == "11 12 " ]]
  grep -oE -- '-t$|children|reload$' "$calls" >"$BATS_TEST_TMPDIR/order"
  [[ $(paste -sd ' ' "$BATS_TEST_TMPDIR/order") == "children -t reload" ]]
}

@test "switch keeps the folder of before, and no older one" {
  serve blue
  nginx_switch green
  nginx_switch blue
  nginx_switch green maintenance
  [[ $(nginx_state) == maintenance ]]
  [[ $(find "$NGINX_DIR" -mindepth 1 -type d | wc -l) == 2 ]]
}

@test "switch that nginx refuses touches nothing" {
  serve blue
  before=$(readlink "$NGINX_DIR/live")
  REFUSES=1 run nginx_switch green
  [[ $status == 9 && $output == *"unknown directive"* ]]
  [[ $(readlink "$NGINX_DIR/live") == "$before" && $(nginx_colour) == blue ]]
  [[ $(grep -c reload "$calls") == 0 ]]
  [[ $(find "$NGINX_DIR" -mindepth 1 -type d | wc -l) == 1 ]]
}

@test "switch that is not taken up is taken back" {
  serve blue
  before=$(readlink "$NGINX_DIR/live")
  IGNORES=1 NGINX_SWITCH_S=3 run nginx_switch green
  [[ $status == 9 && $output == *"did not take up green within 3 s"* ]]
  [[ $(readlink "$NGINX_DIR/live") == "$before" && $(nginx_colour) == blue ]]
  [[ $(grep -c reload "$calls") == 2 ]]
}

@test "drain waits for the old workers and for no others" {
  serve blue
  nginx_switch green
  sleep() {
    echo waited >>"$calls"
    echo "12 21 22 " >"$BATS_TEST_TMPDIR/workers"
    [[ $(grep -c waited "$calls") -lt 3 ]] || echo "21 22 " >"$BATS_TEST_TMPDIR/workers"
  }
  nginx_drain
  [[ $(grep -c waited "$calls") == 3 ]]
}

@test "drain gives up in the end and names who is left" {
  serve blue
  nginx_switch green
  run nginx_drain 3
  [[ $status == 1 && $output == *"old workers still have requests: 11 12"* ]]
}

@test "each address lets another nginx listen, and says so once" {
  LISTEN=127.0.0.1,10.0.0.5 nginx_render blue
  [[ $(grep -c ' reuseport;' "$NGINX_DIR/live/nginx.conf") == 4 ]]
  [[ $(grep -o 'listen .* default_server reuseport;' "$NGINX_DIR/live/nginx.conf" | sort -u | wc -l) == 4 ]]
}

@test "a command runs in the newest container of nginx" {
  docker() {
    case "$*" in
      "ps "*) printf '%s\n' newer older ;;
      *) echo "docker $*" >>"$calls" ;;
    esac
  }
  nginx_in true
  [[ $(<"$calls") == "docker exec newer true" ]]
}

@test "stop ends the project of nginx" {
  nginx_settings
  nginx_stop
  grep -F -- "-p airflow-nginx down" "$calls"
}
