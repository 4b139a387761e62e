#!/usr/bin/env bash
# What the release would do to the database and to what runs.

# shellcheck disable=SC2034,SC2153 # variables are shared with the other parts

# schema: sets SCHEMA to equal, empty or behind
schema() {
  local answer
  answer=$(tool "$IMAGE" schema) || fail "$?" "the migrations cannot be compared: see above"
  SCHEMA=$(host_py field state <<<"$answer") RELEASE_AIRFLOW=$(host_py field airflow <<<"$answer")
  case $SCHEMA in
    equal | empty) ;;
    behind)
      [[ -n $MIGRATE ]] || fail 6 "the database lacks migrations that $RELEASE has ($answer). With --migrate: tasks drain, a snapshot is taken, and people get a page for some minutes"
      ;;
    *) fail 6 "the database has migrations that $RELEASE does not know ($answer): a newer Airflow was here. Restore the snapshot that was taken before it, or deploy a newer release" ;;
  esac
}

# dags: no unfinished run and no trigger loses its code; with --wait, not any more
dags() {
  local code=0
  [[ $SCHEMA != empty ]] || return 0
  tool "$IMAGE" blocked ${WAIT:+--wait "$WAIT_S"} || code=$?
  ((code != 0)) || return 0
  ((code == 7)) || fail "$code" "the DAGs of $RELEASE could not be checked: see above"
  fail 7 "$RELEASE would break what runs, or has a DAG that cannot be imported: see above. --wait waits until such runs have ended"
}

# publish: what runs of this release will need, before anything of it runs
publish() {
  tool "$IMAGE" publish "$IMAGE" "$(revision_of "$IMAGE")" >/dev/null || fail "$?" "$RELEASE is not published: see above"
}
