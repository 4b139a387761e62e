#!/usr/bin/env bats
load host
setup() {
  host
  colour_has blue r-blue "$BLUE_IMAGE"
  IMAGE=$GREEN_IMAGE RELEASE=r-green WANTED=r-green FROM=blue TO=green
  aws() { called aws "$@" && cat >"$BATS_TEST_TMPDIR/stored"; }
  lock_step() { called lock_step "$@"; }
}

works() {
  called works "$@"
}

@test "a step asks for the lock, runs, and is timed" {
  step one 5 works a b
  [ "$(calls | tr '\n' '|')" = "lock_step one|works a b|" ]
  [ "$KIND $STEP ${STEPS[0]}" = "5 one one" ]
  [[ ${STEPS[1]} =~ ^[0-9]+\.[0-9]$ ]]
}

@test "a step that has lost the lock does not run" {
  lock_step() { exit 3; }
  run step one 5 works
  [ "$status" = 3 ]
  ! grep -q works "$CALLS"
}

@test "who, from, to, each step and the result are one line, here and in the bucket" {
  step one 5 works >/dev/null
  CUT="" FAILURE='said "so"'
  audit failed
  line=$(cat "$AUDIT")
  [ "$(wc -l <"$AUDIT")" = 1 ]
  for pair in who=tester from=r-blue to=r-green result=failed step=one 'reason=said "so"' to_image="$GREEN_IMAGE"; do
    [ "$(host_py field "${pair%%=*}" <<<"$line")" = "${pair#*=}" ]
  done
  [[ $(host_py field steps one <<<"$line") =~ ^[0-9.]+$ ]]
  [ "$(cat "$BATS_TEST_TMPDIR/stored")" = "$line" ]
  [[ $(calls) == *"s3://bucket/releases/audit/"*".json" ]]
}

@test "a deploy that took a snapshot says in its audit how it is restored" {
  RESTORE="restore s"
  echo "snapshot s; to go back: restore s" >"$STATE/migration"
  audit done
  [ "$(host_py field snapshot <"$AUDIT")" = "snapshot s; to go back: restore s" ]
}

@test "a deploy ends well although its audit cannot be stored" {
  aws() { return 1; }
  run audit done
  [ "$status" = 0 ]
  [[ $output == *"warning: the audit is in $AUDIT only"* ]]
}
