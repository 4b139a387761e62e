#!/usr/bin/env bats
load host
setup() {
  host
  TOOL_IMAGE=image
}

teardown() {
  unlock
}

# lock_says LINE [CODE]: the container answers with this line, and the same to each step
lock_says() {
  eval "tool() {
    called tool \"\$@\"
    echo '$1'
    while read -r line; do
      called step \"\$line\"
      [[ \$line != release ]] || return 0
      echo '{\"held\": true}'
    done
    called killed
  }"
}

@test "a second deploy on this host is refused, and told whose the first is" {
  local_lock
  run env AIRFLOW_HOST_DIR="$AIRFLOW_HOST_DIR" bash -c ". $ROOT/scripts/deploy/all.sh; state; local_lock"
  [ "$status" = 3 ]
  [[ $output == *"runs on this host: tester, process $$"* ]]
}

@test "the host's lock is free when its script is gone, although a child of docker's lives" {
  mkdir -p "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\nexec sleep 30\n' >"$BATS_TEST_TMPDIR/bin/docker"
  chmod +x "$BATS_TEST_TMPDIR/bin/docker"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH bash -c ". $ROOT/scripts/deploy/all.sh; state; local_lock; echo locked; docker x" >"$BATS_TEST_TMPDIR/said" 3>&- &
  script=$!
  until grep -q locked "$BATS_TEST_TMPDIR/said" && child=$(pgrep -P "$script"); do command sleep 0.1; done
  kill -9 "$script"
  # the child was forked with the lock, and lets go of it before it becomes docker
  local_lock 10
  kill "$child"
}

@test "the lock is taken for whoever deploys, and each step asks whether it is still held" {
  lock_says '{"left_behind": null}'
  global_lock wanted
  lock_step first
  unlock
  [ "$(calls | tr '\n' '|')" = "tool image lock tester $(hostname) wanted|step first|step release|" ]
}

@test "a lock that was left behind is said" {
  lock_says '{"left_behind": "x on y since z"}'
  run global_lock wanted
  [[ $output == *"the lock of x on y since z was left behind; taken over"* ]]
}

@test "a lock that is held, and a database that is away, have exit codes of their own" {
  for code in 3 4; do
    eval "tool() { return $code; }"
    run global_lock wanted
    [ "$status" = "$code" ]
  done
}

@test "a container that does not start is no lock" {
  tool() { return 125; }
  run global_lock wanted
  [ "$status" = 4 ]
  [[ $output == *"ended with 125"* ]]
}

@test "a step is not begun when the lock is lost" {
  tool() { echo '{"left_behind": null}'; }
  global_lock wanted
  wait "$LOCK_CLIENT"
  run lock_step next
  [ "$status" = 3 ]
  [[ $output == *"the lock of deploys is lost"* ]]
}

@test "a step needs no lock before it is taken" {
  lock_step first
}
