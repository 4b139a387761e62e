#!/usr/bin/env bash
# A change of the database's schema, or a step back to an older Airflow: nothing may run meanwhile.

# shellcheck disable=SC2034,SC2153 # variables are shared with the other parts

# first_time: the schema, and the users that a deployment begins with
first_time() {
  tool "$IMAGE" migrate >/dev/null || fail 6 "the schema could not be made: see above"
  note "users made: $(tool "$IMAGE" users | host_py lines made | paste -sd ' ')"
}

# quiet FROM: people get a page, nothing is scheduled, and what runs has ended
quiet() {
  local end=$((SECONDS + DRAIN_S)) left
  MAINTENANCE=on
  journal quiet
  nginx_switch "$1" maintenance || fail 9 "no maintenance page: see above"
  stop "$1" 30 dag-processor
  drain "$1"
  # Fargate tasks go on without a scheduler, and report to the api-server
  until left=$(working) && ((left == 0)); do
    ((SECONDS < end)) || fail 6 "$left tasks still run after $DRAIN_S s (DRAIN_S); nothing was changed"
    note "$left tasks run"
    sleep 5
  done
  stop "$1" "$STOP_S" triggerer api-server
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

migrate() {
  local name answer
  name=$SECRETS_PREFIX-before-$RELEASE-$(date -u +%Y%m%d%H%M%S)
  snapshot "$name"
  note "snapshot $name; to go back: $RESTORE"
  echo "snapshot $name; to go back: $RESTORE" >"$STATE/migration"
  MAINTENANCE=migrated
  journal migrate
  answer=$(tool "$IMAGE" migrate) || fail 6 "the migration failed"
  [[ $(host_py field state <<<"$answer") == equal ]] || fail 6 "the migration ended, but the schema is not that of $RELEASE: $answer"
}

# snapshot NAME: sets RESTORE to the command that brings it back
snapshot() {
  local answer
  if [[ -n $SNAPSHOT_COMMAND ]]; then
    SNAPSHOT=$1 bash -c "$SNAPSHOT_COMMAND" || fail 6 "no snapshot: SNAPSHOT_COMMAND ended with $?"
    RESTORE="SNAPSHOT=$1 ${RESTORE_COMMAND:-(RESTORE_COMMAND is not set)}"
  else
    answer=$(tool "$IMAGE" snapshot "$1") || fail 6 "no snapshot: see above"
    RESTORE=$(host_py field restore <<<"$answer")
  fi
}

# move_runs: unfinished runs of what served before go on with this release
move_runs() {
  local answer
  answer=$(tool "$IMAGE" move-runs "$(of "$FROM" FARGATE_RELEASE)") || fail 7 "the runs could not be moved: see above"
  host_py lines moved <<<"$answer" | sed 's/^/    moved: /'
  host_py lines stayed <<<"$answer" | sed 's/^/    it stays, since its DAG has no other version, or that one lacks a task that runs: /'
}
