#!/usr/bin/env bats
# Another nginx in the place of the one that runs, with stubs for docker and curl. Real ones: tests/deploy/proof, tests/docker.
load host
setup() {
  host
  nginx_settings
  export NGINX_TEMPLATES=$ROOT/docker/nginx NGINX_MIGRATE=$BATS_TEST_TMPDIR/migrate NGINX_IMAGE=nginx@sha256:1
  THERE=$BATS_TEST_TMPDIR/running
  echo old >"$THERE"
  HASH=of-today
  engine
  nginx_render blue
  readlink "$NGINX_DIR/live" >"$BATS_TEST_TMPDIR/answers"
  : >"$CALLS"
}

# a docker with nginx in it, whose containers are lines of a file; the newest one answers what it was started with
engine() {
  docker() {
    called docker "$@"
    case "$*" in
      "ps "*status=exited*) echo "${LEFT:-}" | grep . ;;
      "ps "*) cat "$THERE" ;;
      *"nginx -v"*) echo "nginx version: nginx/${VERSION:-1.30.1}" >&2 ;;
      *" config --hash nginx") echo "nginx of-today" ;;
      *config-hash*) echo "$HASH" ;;
      *Health*) [[ ${!#} == "${SICK:-}" ]] && echo unhealthy || echo healthy ;;
      *" up "*)
        [[ -z ${NO_IMAGE:-} ]] || return 1
        sed -i '1i new' "$THERE"
        [[ -n ${DEAF:-} ]] || readlink "$NGINX_DIR/live" >"$BATS_TEST_TMPDIR/answers"
        ;;
      *"-s reload") readlink "$NGINX_DIR/live" >"$BATS_TEST_TMPDIR/answers" ;;
      "rm "*) sed -i "/^${!#}$/d" "$THERE" ;;
      "stop "*) [[ -n $(<"$NGINX_MIGRATE") ]] ;;
    esac
  }
  curl() {
    local generation
    generation=$(<"$BATS_TEST_TMPDIR/answers")
    if [[ $* == *--write-out* ]]; then
      echo "$generation"
    else
      sed -n '/\$colour/,/}/s/^ *default \(.*\);/\1/p' "$NGINX_DIR/$generation/upstream.inc"
    fi
  }
}

@test "the version has to be one that loses nothing" {
  nginx_version_ok
  VERSION=1.27.4 nginx_version_ok
  VERSION=1.26.3 run nginx_version_ok
  [[ $status == 4 && $output == *"version 1.26.3 runs"* ]]
}

@test "what runs as the settings want it stays" {
  nginx_is_current
  nginx_renew
  [[ $(calls) != *" up "* && $(calls) != *reload* && $(calls) != *stop* ]]
}

@test "where nothing answers nothing is replaced: whoever starts it starts the right one" {
  curl() { return 7; }
  HASH=other nginx_renew
  [[ $(calls) != *" up "* ]]
  : >"$THERE"
  nginx_is_current
}

@test "another one is started beside the first, and the first ends when the second answers" {
  HASH=other
  run nginx_renew
  [ "$status" = 0 ]
  [[ $output == *"another nginx: nginx@sha256:1"* ]]
  order "-s reload" "up --detach --no-recreate --quiet-pull --scale nginx=2" "docker update --restart no old" \
    "docker stop --time 130 old" "docker rm old"
  [ "$(<"$THERE")" = new ]
  [ "$(nginx_colour) $(nginx_state)" = "blue serving" ]
  [ "$(<"$NGINX_MIGRATE")" = 1 ]
  [ ! -e "$NGINX_DIR/old-workers" ]
}

@test "in maintenance the page stays" {
  HASH=other
  nginx_switch blue maintenance
  nginx_renew
  [ "$(nginx_state)" = maintenance ]
}

@test "one that does not answer is removed, its log is shown, and what served goes on" {
  HASH=other DEAF=1 NGINX_SWITCH_S=3
  run nginx_renew
  [ "$status" = 9 ]
  [[ $output == *"with nginx@sha256:1 does not answer on port 443. What served before goes on"* ]]
  order "docker logs --tail 20 new" "docker rm --force new"
  [ "$(<"$THERE")" = old ]
  [ "$(readlink "$NGINX_DIR/live")" = "$(<"$BATS_TEST_TMPDIR/answers")" ]
}

@test "an image that cannot be had changes nothing" {
  HASH=other NO_IMAGE=1 NGINX_SWITCH_S=3
  run nginx_renew
  [ "$status" = 9 ]
  [ "$(<"$THERE")" = old ]
  [[ $(calls) != *stop* ]]
}

@test "of two that a killed deploy left the newer one stays, unless it is not healthy" {
  printf '%s\n' new old >"$THERE"
  nginx_single
  [ "$(<"$THERE")" = new ]
  printf '%s\n' new old >"$THERE"
  SICK=new nginx_single
  [ "$(<"$THERE")" = old ]
  : >"$CALLS"
  nginx_single
  [[ $(calls) != *stop* ]]
}

@test "one that does not run any more is removed: Compose would start it again" {
  HASH=other LEFT=stale
  nginx_renew
  order "docker rm stale" "up --detach" "docker rm old"
}

@test "a kernel that cannot pass connections on is said" {
  NGINX_MIGRATE=$BATS_TEST_TMPDIR/no/such/file run nginx_migrate
  [ "$status" = 0 ]
  [ "$output" = "nginx: $BATS_TEST_TMPDIR/no/such/file cannot be set (Linux has it from 5.14 on): a connection that comes while the old nginx closes may be reset" ]
}
