#!/usr/bin/env bats
# The scripts themselves: their order, their arguments.
load host
setup() { host; }

@test "a release, and options, are taken" {
  arguments --wait --migrate sha256:x
  [ "$WANTED $WAIT $MIGRATE" = "sha256:x yes yes" ]
}

@test "an unknown option, a second release and none are refused" {
  run arguments --force x
  [ "$status" = 2 ]
  [[ $output == *"there is no option --force"* ]]
  run arguments x y
  [ "$status" = 2 ]
  run arguments
  [ "$status" = 2 ]
}

@test "each script says with -h what it does, and with which codes it ends" {
  for script in deploy rollback maintenance status boot cleanup; do
    run "$ROOT/scripts/$script.sh" -h
    [ "$status" = 0 ]
    [[ $output == *"usage: $script.sh"* ]]
    [[ $output != *"set -euo"* && $output != *shellcheck* ]]
  done
}

# every step writes down its name and its function
steps() {
  step() { called step "$1" "$3"; }
  stub hook
  FROM=$1 SCHEMA=$2 RELEASE=r IMAGE=i
}

@test "the steps of a deploy, in their order" {
  steps blue equal
  newer_workers() { return 1; }
  serving_colour() { echo blue; }
  prepare
  change_over
  [ "$(calls | awk '{ print $2 }' | tr '\n' ' ')" = "lock heal preflight image secrets schema dags pre-deploy publish nginx api-server switch control-plane bake commit drain prune post-deploy " ]
}

@test "a first deploy makes schema and users before anything starts" {
  steps "" empty
  change_over
  order "step first-time" "step api-server"
}

@test "a migration comes between quiet and start" {
  steps blue behind
  change_over
  order "step quiet" "step snapshot" "step migrate" "step api-server"
  [ "$POINT" = migrated ]
}

@test "without a snapshot the old release comes back, with one it does not" {
  steps blue behind
  step() { echo "$1 $POINT" >>"$CALLS"; }
  change_over
  order "quiet quiet" "snapshot quiet" "migrate migrated" "api-server migrated" "switch migrated"
}

@test "a migration that is gone on with has no old release to go back to, whatever the schema is by now" {
  for schema in behind equal; do
    steps blue $schema
    newer_workers() { return 1; }
    step() { echo "$1 $POINT" >>"$CALLS"; }
    MAINTENANCE=migrated
    : >"$CALLS"
    change_over
    ! grep -vq " migrated\|^hook" "$CALLS"
  done
}

@test "a deploy that ends a page which was asked for has nothing to take back either" {
  steps blue equal
  newer_workers() { return 1; }
  step() { echo "$1 $POINT" >>"$CALLS"; }
  MAINTENANCE=closed
  change_over
  order "api-server closed" "switch closed" "bake closed"
  ! grep -q quiet "$CALLS"
}

@test "a step back to an older Airflow lets its workers end first, and moves their runs" {
  steps blue equal
  newer_workers() { :; }
  change_over
  order "step quiet" "step api-server" "step move-runs"
  ! grep -q "step migrate" "$CALLS"
}

@test "a post-deploy hook that fails is said" {
  steps blue equal
  newer_workers() { return 1; }
  hook() { return 1; }
  run change_over
  [ "$status" = 0 ]
  [[ $output == *"warning: hooks/post-deploy failed; r serves"* ]]
}

@test "the new colour's api-server is healthy and warm, and its dag-processor stands by, before the switch" {
  stub take_colour start until_healthy warm stand_by
  TO=green
  start_api_server
  order "take_colour green" "start green api-server" "until_healthy green api-server" "warm green" "stand_by green"
}

@test "a switch that is cut off is taken back, one that nginx refused is not" {
  TO=green POINT=before
  point_nginx() { called "$POINT"; }
  switch
  [ "$POINT $(calls)" = "switched switched" ]
  for point in migrated closed; do
    POINT=$point
    switch
    [ "$POINT" = "$point" ]
  done
  POINT=before code=0
  point_nginx() { return 9; }
  switch || code=$?
  [ "$code $POINT" = "9 before" ]
}

@test "a release that has proved itself is what the next boot starts" {
  TO=green RELEASE=r IMAGE=i MAINTENANCE=migrated
  stub stay
  commit
  [ "$KEEP $POINT $(cat "$STATE/colour")" = "green done green" ]
  # nothing of it is left to go on with
  [ -z "$MAINTENANCE" ]
  [[ $(calls) == *"stay green"*"tool i serve"* ]]
}

@test "the old scheduler drains before requests do, and both before the api-server stops" {
  FROM=blue
  stub let_go drain nginx_drain remove
  retire
  order "let_go blue" "drain blue" nginx_drain "remove blue"
}

@test "the lock is asked for by the code that serves here; the first deploy pulls before" {
  stub global_lock disk pull registry_reachable
  WANTED=w IMAGE=new FROM=blue
  colour_has blue r-blue old
  take_lock
  [ "$TOOL_IMAGE" = old ]
  ! grep -q pull "$CALLS"
  FROM=""
  docker() { return 1; }
  take_lock
  [ "$TOOL_IMAGE" = new ]
  order disk "pull new" "global_lock w"
}

@test "newer files of the bucket begin the deploy anew" {
  mkdir -p "$HOST_DIR/system"
  printf '#!/bin/sh\necho synced\n' >"$HOST_DIR/system/sync.sh"
  chmod +x "$HOST_DIR/system/sync.sh"
  printf '#!/bin/sh\necho "again $SYNCED $*"\n' >"$BATS_TEST_TMPDIR/again"
  chmod +x "$BATS_TEST_TMPDIR/again"
  run bash -c ". $ROOT/scripts/deploy.sh; exec() { echo \"again \$SYNCED \$*\"; }; sync_files --wait x; exit"
  [ "$output" = "synced
again yes bash --wait x" ] || [[ $output == *"again yes"*"--wait x" ]]
  SYNCED=yes run sync_files
  [ -z "$output" ]
}

# rollback's own main, which ends in a deploy
rollback() {
  (
    # shellcheck source=scripts/rollback.sh
    . "$ROOT/scripts/rollback.sh"
    stubs
    serving_colour() { echo blue; }
    exec() { echo "ALLOW_OLDER=$ALLOW_OLDER MOVE_RUNS=${MOVE_RUNS:-} ${*##*/}"; }
    main "$@"
  )
}

@test "a rollback deploys what served before, or what is named" {
  colour_has blue r-2 image-2
  {
    echo '{"result": "done", "to": "r-1", "to_image": "image-1"}'
    echo '{"result": "failed", "to": "r-3", "to_image": "image-3"}'
    echo '{"result": "done", "to": "r-2", "to_image": "image-2"}'
  } >"$AUDIT"
  run rollback
  [[ $output == *"ALLOW_OLDER=1 MOVE_RUNS= deploy.sh image-1" ]]
  run rollback --move-runs --wait r-0
  [[ $output == *"ALLOW_OLDER=1 MOVE_RUNS=1 deploy.sh --wait r-0" ]]
}

@test "a rollback to nothing is refused" {
  run rollback
  [ "$status" = 2 ]
  [[ $output == *"knows of no release before it"* ]]
}

# boot's own main
boot() {
  (
    # shellcheck source=scripts/boot.sh
    . "$ROOT/scripts/boot.sh"
    stubs
    stub heal converge unpack_secrets local_lock
    exec() { (($# == 0)) || echo "exec ${*##*/}"; }
    "$@"
  )
}

@test "a boot heals, or starts what served" {
  colour_has blue r-1 image-1
  echo blue >"$STATE/colour"
  run boot main
  [ "$status" = 0 ]
  order "tool image-1 secrets" unpack_secrets "converge blue"
  echo x >"$STATE/deploy.json"
  : >"$CALLS"
  run boot main
  [ "$(calls | tr '\n' '|')" = "local_lock 600|heal|" ]
}

@test "a boot without Secrets Manager starts with the secrets of before" {
  colour_has blue r-1 image-1
  echo blue >"$STATE/colour"
  boot_colour_without() { tool() { return 4; } && main; }
  run boot boot_colour_without
  [[ $output == *"those of the last start are used"* ]]
  [ "$(calls | tr '\n' '|')" = "local_lock 600|converge blue|" ]
}

@test "a host that is new deploys what serves elsewhere" {
  with_bucket() { aws() { echo '{"image": "image-1"}'; } && main; }
  run boot with_bucket
  [[ $output == *"exec deploy.sh image-1" ]]
  without() { aws() { return 1; } && main; }
  run boot without
  [ "$status" = 5 ]
  [[ $output == *"current.json does not name an image"* ]]
}

@test "the status is a table, or JSON" {
  colour_has blue r-1 "image@sha256:1"
  (
    # shellcheck source=scripts/status.sh
    . "$ROOT/scripts/status.sh"
    stubs
    serving_colour() { echo blue; }
    docker() { case "$*" in "ps "*) echo id ;; *) echo healthy ;; esac }
    tool() { echo '{"tasks": [{"release": "r-0", "lane": "fargate", "state": "running", "count": 3}], "runs": []}'; }
    main >"$BATS_TEST_TMPDIR/table"
    main --json >"$BATS_TEST_TMPDIR/json"
  )
  grep -q "blue *serving *r-1 *sha256:1 *api-server:healthy" "$BATS_TEST_TMPDIR/table"
  grep -q "r-0 *fargate *running *3" "$BATS_TEST_TMPDIR/table"
  [ "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["tasks"][0]["count"])' <"$BATS_TEST_TMPDIR/json")" = 3 ]
}

# maintenance's own main, as far as its end
maintenance() {
  (
    # shellcheck source=scripts/maintenance.sh
    . "$ROOT/scripts/maintenance.sh"
    stubs
    stub local_lock quiet converge audit schema
    serving_colour() { echo "${SERVES-blue}"; }
    main "$@"
  )
}

@test "maintenance goes on until it is ended, and says what for" {
  colour_has blue r-1 image-1
  run maintenance on
  [ "$status" = 0 ]
  [[ $output == *"r-1: maintenance is on"* ]]
  order local_lock "quiet blue" "audit done"
  [ "$(host_py field maintenance <"$STATE/deploy.json") $(host_py field keep <"$STATE/deploy.json")" = "closed blue" ]
  : >"$CALLS"
  run maintenance on
  [ "$status" = 0 ]
  ! grep -q quiet "$CALLS"
  [ -e "$STATE/deploy.json" ]
}

@test "what served before serves again, where the database is still its own" {
  colour_has blue r-1 image-1
  echo '{"step": "maintenance", "keep": "blue", "maintenance": "closed"}' >"$STATE/deploy.json"
  run maintenance off
  [ "$status" = 0 ]
  order schema "converge blue" "audit done"
  [ ! -e "$STATE/deploy.json" ]
  run maintenance off
  [ "$status" = 0 ]
}

@test "maintenance that does not end stays" {
  colour_has blue r-1 image-1
  echo '{"step": "maintenance", "keep": "blue", "maintenance": "closed"}' >"$STATE/deploy.json"
  of_another_airflow() {
    schema() { fail 6 "the database has migrations"; }
    stub nginx_switch stop remove
    main off
  }
  run maintenance_with of_another_airflow
  [ "$status" = 6 ]
  order "nginx_switch blue maintenance" "stop blue" "remove green" "audit failed"
  [ -e "$STATE/deploy.json" ]
}

# maintenance_with FUNCTION: in place of main
maintenance_with() {
  (
    # shellcheck source=scripts/maintenance.sh
    . "$ROOT/scripts/maintenance.sh"
    stubs
    stub local_lock quiet converge audit
    serving_colour() { echo blue; }
    "$@"
  )
}

@test "maintenance is on or off, and of something that serves" {
  run maintenance
  [ "$status" = 2 ]
  [[ $output == *"on or off"* ]]
  SERVES="" run maintenance on
  [ "$status" = 2 ]
  [[ $output == *"nothing serves on this host"* ]]
}

# cleanup's own main
cleanup() {
  (
    # shellcheck source=scripts/cleanup.sh
    . "$ROOT/scripts/cleanup.sh"
    stubs
    docker() {
      called docker "$@"
      [[ $1 != ps ]] || echo "$CONTAINER"
    }
    serving_colour() { echo blue; }
    RETENTION_DAYS=30
    main
  )
}

@test "old rows are deleted by the scheduler that serves" {
  CONTAINER=id RETENTION_DAYS=30
  run cleanup
  [ "$status" = 0 ]
  [[ $(calls) == *"docker exec id airflow db clean --clean-before-timestamp $(date --utc --date "30 days ago" +%F)T"*"Z --skip-archive --error-on-cleanup-failure --yes" ]]
}

@test "a page that was asked for outlives a boot" {
  closed() {
    heal() { MAINTENANCE=closed; }
    main
  }
  echo x >"$STATE/deploy.json"
  run boot closed
  [ "$status" = 0 ]
  [[ $output == *"maintenance.sh off"* ]]
}

@test "nothing is deleted on a host where nothing serves" {
  CONTAINER=""
  run cleanup
  [[ $output == *"nothing serves on this host"* ]]
  [[ $(calls) != *exec* ]]
}
