#!/usr/bin/env bats
load host
setup() {
  host
  colour_has blue r-blue "$BLUE_IMAGE"
  IMAGE=$GREEN_IMAGE RELEASE=r-green FROM=blue RELEASE_AIRFLOW=3.3.2 JOURNALING=yes
  stub stop drain nginx_switch
}

@test "before a migration people get a page, nothing is scheduled, tasks end, and nothing runs" {
  printf '%s\n' 2 1 0 >"$BATS_TEST_TMPDIR/working"
  tool() {
    called tool "$@"
    echo "{\"working\": $(head -n 1 "$BATS_TEST_TMPDIR/working")}"
    sed -i 1d "$BATS_TEST_TMPDIR/working"
  }
  quiet blue
  order "nginx_switch blue maintenance" "drain blue" "activity" "activity" "activity" "stop blue 130 dag-processor triggerer api-server"
  [ "$(host_py field maintenance <"$STATE/deploy.json")" = on ]
}

@test "tasks that do not end stop it, and nothing was changed" {
  tool() { echo '{"working": 3}'; }
  run quiet blue
  [ "$status" = 6 ]
  [[ $output == *"3 tasks still run after 20 s (DRAIN_S); nothing was changed"* ]]
  ! grep -q triggerer "$CALLS"
}

@test "without a page it does not begin" {
  nginx_switch() { return 9; }
  run quiet blue
  [ "$status" = 9 ]
}

@test "on a host where nothing serves there is no page, and tasks of other hosts are waited for all the same" {
  tool() { called tool "$@" && echo '{"working": 0}'; }
  quiet ""
  [ "$(calls)" = "tool $GREEN_IMAGE activity" ]
}

@test "a snapshot of RDS is taken when nobody has the database open, and its command is kept" {
  tool() {
    called tool "$@"
    echo '{"restore": "aws rds restore", "sessions": []}'
  }
  snapshot
  order "tool $GREEN_IMAGE sessions" "tool $GREEN_IMAGE snapshot airflow-test-before-r-green-"
  [[ $(cat "$STATE/migration") == "snapshot airflow-test-before-r-green-"*", taken when r-blue (Airflow 3.3.2) had served; to go back: aws rds restore" ]]
}

@test "whoever has the database open is named, and nothing was changed" {
  tool() { called tool "$@" && echo '{"sessions": ["10.0.0.7 (3 sessions)", "10.0.0.8 (1 sessions)"]}'; }
  run snapshot
  [ "$status" = 6 ]
  [[ $output == *"from 10.0.0.7 (3 sessions),10.0.0.8 (1 sessions): nothing was changed"*"maintenance.sh on"* ]]
  ! grep -q " snapshot " "$CALLS"
  [ ! -e "$STATE/migration" ]
}

@test "a database that is half migrated keeps the snapshot of before" {
  MAINTENANCE=migrated
  echo "snapshot first; to go back: restore first" >"$STATE/migration"
  run snapshot
  [ "$status" = 0 ]
  [[ $output == *"restore first"* ]]
  [ -z "$(calls)" ]
  [ "$(cat "$STATE/migration")" = "snapshot first; to go back: restore first" ]
}

@test "another database has programs for it" {
  printf '#!/bin/sh\necho $SNAPSHOT >%s\n' "$BATS_TEST_TMPDIR/taken" >"$BATS_TEST_TMPDIR/snapshot"
  chmod +x "$BATS_TEST_TMPDIR/snapshot"
  SNAPSHOT_COMMAND="$BATS_TEST_TMPDIR/snapshot now" RESTORE_COMMAND="/restore it"
  take_snapshot name
  [ "$(cat "$BATS_TEST_TMPDIR/taken")" = name ]
  [ "$RESTORE" = "SNAPSHOT=name /restore it" ]
}

@test "without a snapshot there is no migration" {
  alone() { :; }
  SNAPSHOT_COMMAND=false
  run snapshot
  [ "$status" = 6 ]
  [[ $output == *"SNAPSHOT_COMMAND ended with 1. Nothing was changed"* ]]
  SNAPSHOT_COMMAND=""
  tool() { return 6; }
  run snapshot
  [ "$status" = 6 ]
  [[ $output == *"no snapshot"* ]]
  [ ! -e "$STATE/migration" ]
}

@test "a migration is in the journal before it begins" {
  tool() { called tool "$@" "$(host_py field maintenance <"$STATE/deploy.json")" && echo '{"state": "equal"}'; }
  migrate
  [ "$(calls)" = "tool $GREEN_IMAGE migrate migrated" ]
  [ "$MAINTENANCE" = migrated ]
}

@test "a migration that ends with another schema failed" {
  tool() { echo '{"state": "behind"}'; }
  run migrate
  [ "$status" = 6 ]
  [[ $output == *"the schema is not that of r-green"* ]]
}

@test "a host that did not migrate says where the way back is told" {
  [[ $(way_back) == *"$STATE/migration there, and s3://bucket/releases/audit/"* ]]
}

@test "the first deploy makes schema and users" {
  tool() { called tool "$@" && echo '{"made": ["admin", "rest"]}'; }
  run first_time
  [[ $output == *"users made: admin rest"* ]]
  order "migrate" "users"
}

@test "workers are newer when what serves has a newer Airflow" {
  sed -i 's/3.3.2/3.10.0/' "$STATE/blue/release.env"
  newer_workers
  RELEASE_AIRFLOW=3.10.0
  run newer_workers
  [ "$status" = 1 ]
  RELEASE_AIRFLOW=3.11.0
  run newer_workers
  [ "$status" = 1 ]
}

@test "runs of the withdrawn release are moved, and those that cannot be are named" {
  tool() { called tool "$@" && echo '{"moved": ["a 1"], "stayed": ["b 2"]}'; }
  run move_runs
  [[ $output == *"moved: a 1"*"it stays, since its DAG has no other version, or that one lacks a task that runs: b 2"* ]]
  [ "$(calls)" = "tool $GREEN_IMAGE move-runs r-blue" ]
}
