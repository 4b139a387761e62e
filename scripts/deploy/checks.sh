#!/usr/bin/env bash
# What the release would do to the database and to what runs.

# shellcheck disable=SC2034,SC2153 # variables are shared with the other parts

# schema: sets SCHEMA to equal, empty or behind
schema() {
  local answer
  answer=$(tool "$IMAGE" schema) || fail "$?" "the migrations cannot be compared: see above"
  connections "$answer"
  SCHEMA=$(host_py field state <<<"$answer") RELEASE_AIRFLOW=$(host_py field airflow <<<"$answer")
  case $SCHEMA in
    equal | empty) ;;
    behind)
      [[ -n $MIGRATE ]] || fail 6 "the database lacks migrations that $RELEASE has ($answer). With --migrate: tasks drain, a snapshot is taken, and people get a page for some minutes"
      ;;
    *) fail 6 "the database has migrations that $RELEASE does not know ($answer): a newer Airflow was here. Deploy a newer release; or go back, and lose what was done since: scripts/maintenance.sh on, restore the database ($(way_back)), and deploy that release" ;;
  esac
}

# connections ANSWER: the database has enough for all hosts' colours, two of them here, and the deploy's own commands;
# docker/README.md says which process has how many
connections() {
  local takes reserved free each api scheduler colour needed parsing=11 triggering=11 own=5
  takes=$(host_py field connections takes <<<"$1") reserved=$(host_py field connections reserved <<<"$1")
  # a release to which one goes back may be older than the question
  [[ -n $takes ]] || return 0
  free=$((takes - reserved)) each=$((POOL_SIZE + POOL_OVERFLOW))
  api=$((API_WORKERS * 3 * each)) scheduler=$((2 * each + 1))
  colour=$((api + scheduler + parsing + triggering))
  needed=$(((HOSTS + 1) * colour + own))
  note "connections: up to $needed of $free"
  ((needed <= free)) ||
    fail 4 "the database takes $takes connections, $reserved of them for itself, and this deploy may need $needed: $((HOSTS + 1)) times $colour for HOSTS=$HOSTS and the second colour, and $own of its own. A colour: api-server $api (API_WORKERS=$API_WORKERS times 3 pools of POOL_SIZE=$POOL_SIZE and POOL_OVERFLOW=$POOL_OVERFLOW), scheduler $scheduler, dag-processor $parsing, triggerer $triggering. Set airflow_max_connections in Terraform to $((needed + reserved)) or more, or lower one of these settings in deploy.env"
}

# dags: each can be imported; no unfinished run and no trigger loses its code; with --wait, not any more
dags() {
  local code=0 options=()
  if [[ $SCHEMA == empty ]]; then
    options=(--imports-only)
  elif [[ -n $WAIT ]]; then
    options=(--wait "$WAIT_S")
  fi
  tool "$IMAGE" blocked "${options[@]}" || code=$?
  ((code != 0)) || return 0
  ((code == 7)) || fail "$code" "the DAGs of $RELEASE could not be checked: see above"
  fail 7 "$RELEASE would break what runs, or has a DAG that cannot be imported: see above. --wait waits until such runs have ended"
}

# publish: what runs of this release will need, before anything of it runs
publish() {
  tool "$IMAGE" publish "$IMAGE" "$(revision_of "$IMAGE")" >/dev/null || fail "$?" "$RELEASE is not published: see above"
}
