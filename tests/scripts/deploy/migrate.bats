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
  order "nginx_switch blue maintenance" "stop blue 30 dag-processor" "drain blue" "activity" "activity" "activity" "stop blue 130 triggerer api-server"
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

@test "a snapshot of RDS comes before the migration, and its command is kept" {
  tool() {
    called tool "$@"
    echo '{"restore": "aws rds restore", "state": "equal"}'
  }
  migrate
  order "snapshot airflow-test-before-r-green-" "tool $GREEN_IMAGE migrate"
  [[ $(cat "$STATE/migration") == "snapshot airflow-test-before-r-green-"*"; to go back: aws rds restore" ]]
  [ "$(host_py field maintenance <"$STATE/deploy.json")" = migrated ]
}

@test "another database has a command for it" {
  SNAPSHOT_COMMAND="echo \$SNAPSHOT >$BATS_TEST_TMPDIR/taken" RESTORE_COMMAND="restore it"
  snapshot name
  [ "$(cat "$BATS_TEST_TMPDIR/taken")" = name ]
  [ "$RESTORE" = "SNAPSHOT=name restore it" ]
}

@test "without a snapshot there is no migration" {
  SNAPSHOT_COMMAND=false
  run migrate
  [ "$status" = 6 ]
  [[ $output == *"SNAPSHOT_COMMAND ended with 1"* ]]
  ! grep -q "migrate" "$CALLS"
  SNAPSHOT_COMMAND=""
  tool() { return 6; }
  run migrate
  [[ $output == *"no snapshot"* ]]
}

@test "a migration that ends with another schema failed" {
  tool() { echo '{"restore": "x", "state": "behind"}'; }
  run migrate
  [ "$status" = 6 ]
  [[ $output == *"the schema is not that of r-green"* ]]
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
