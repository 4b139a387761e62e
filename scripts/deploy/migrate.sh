#!/usr/bin/env bash
# A change of the database's schema, or a step back to an older Airflow: nothing may run meanwhile.

# shellcheck disable=SC2034,SC2153 # variables are shared with the other parts

# What people get while nothing serves. Empty: Airflow. on: the page, until this deploy has ended. migrated: the page,
# and a schema that is perhaps half new. closed: the page, because maintenance.sh was asked for it.
MAINTENANCE=""
ALONE_S=30

# first_time: the schema, and the users that a deployment begins with
first_time() {
  tool "$IMAGE" migrate >/dev/null || fail 6 "the schema could not be made: see above"
  note "users made: $(tool "$IMAGE" users | host_py lines made | paste -sd ' ')"
}

# quiet FROM: people get a page, nothing is scheduled, and what runs has ended. FROM is empty where nothing serves.
quiet() {
  local end=$((SECONDS + DRAIN_S)) left
  MAINTENANCE=${MAINTENANCE:-on}
  journal quiet
  if [[ -n $1 ]]; then
    nginx_switch "$1" maintenance || fail 9 "no maintenance page: see above"
    # first, since it is what begins new runs
    drain "$1"
  fi
  # Fargate tasks go on without a scheduler, and report to the api-server
  until left=$(working) && ((left == 0)); do
    ((SECONDS < end)) || fail 6 "${left:-an unknown number of} tasks still run after $DRAIN_S s (DRAIN_S); nothing was changed"
    note "${left:-an unknown number of} tasks run"
    sleep 5
  done
  [[ -z $1 ]] || stop "$1" "$STOP_S" dag-processor triggerer api-server
}

# newer_workers: workers of what serves have a newer Airflow than this release's server, which may not be
newer_workers() {
  local old
  old=${FROM:+$(of "$FROM" RELEASE_AIRFLOW)}
  [[ -n $old && $old != "$RELEASE_AIRFLOW" ]] && printf '%s\n' "$RELEASE_AIRFLOW" "$old" | sort --check=silent --version-sort
}

# working: print how many tasks a worker has in hand
working() {
  tool "$IMAGE" activity | host_py field working
}

# alone: whoever else has the database open would meet tables that change below it, or keep the migration waiting
alone() {
  local end=$((SECONDS + ALONE_S)) others=unknown
  until others=$(tool "$IMAGE" sessions | host_py lines sessions | paste -sd ',') && [[ -z $others ]]; do
    ((SECONDS < end)) || fail 6 "Airflow's role still has the database open, from ${others:-an unknown address}: nothing was changed. Other hosts: scripts/maintenance.sh on, on all of them at once. Else pg_stat_activity shows what it is"
    sleep 2
  done
}

# snapshot: of the database as it was before. One that a migration has begun to change has its snapshot already.
snapshot() {
  local name served
  if [[ $MAINTENANCE == migrated ]]; then
    note "none of a schema that is perhaps half new; there is $(way_back)"
    return 0
  fi
  alone
  name=$SECRETS_PREFIX-before-$RELEASE-$(date -u +%Y%m%d%H%M%S)
  take_snapshot "$name"
  served=${FROM:+$(of "$FROM" FARGATE_RELEASE) (Airflow $(of "$FROM" RELEASE_AIRFLOW))}
  echo "snapshot $name, taken when ${served:-nothing here} had served; to go back: $RESTORE" >"$STATE/migration"
  note "$(way_back)"
}

# take_snapshot NAME: sets RESTORE to the command that brings it back
take_snapshot() {
  local answer
  if [[ -n $SNAPSHOT_COMMAND ]]; then
    SNAPSHOT=$1 bash -c "$SNAPSHOT_COMMAND" 9>&- </dev/null || fail 6 "no snapshot: SNAPSHOT_COMMAND ended with $?. Nothing was changed"
    RESTORE="SNAPSHOT=$1 $RESTORE_COMMAND"
  else
    answer=$(tool "$IMAGE" snapshot "$1") || fail 6 "no snapshot: see above. Nothing was changed"
    RESTORE=$(host_py field restore <<<"$answer")
  fi
}

# way_back: print what brings the database of before the last migration back
way_back() {
  cat "$STATE/migration" 2>/dev/null ||
    echo "the snapshot that the host which migrated has named ($STATE/migration there, and s3://$DEPLOY_BUCKET/releases/audit/)"
}

migrate() {
  local answer
  MAINTENANCE=migrated
  journal migrate
  answer=$(tool "$IMAGE" migrate) || fail 6 "the migration failed: see above"
  [[ $(host_py field state <<<"$answer") == equal ]] || fail 6 "the migration ended, but the schema is not that of $RELEASE: $answer"
}

# move_runs: unfinished runs of what served before go on with this release
move_runs() {
  local answer
  answer=$(tool "$IMAGE" move-runs "$(of "$FROM" FARGATE_RELEASE)") || fail 7 "the runs could not be moved: see above"
  host_py lines moved <<<"$answer" | sed 's/^/    moved: /'
  host_py lines stayed <<<"$answer" | sed 's/^/    it stays, since its DAG has no other version, or that one lacks a task that runs: /'
}
