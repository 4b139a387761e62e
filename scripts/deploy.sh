#!/usr/bin/env bash
# Deploys a release on this host: starts it beside what serves, switches nginx, hands the control plane over.
#
# usage: deploy.sh [-h] [--wait] [--migrate] RELEASE      as root
#   RELEASE    sha256:DIGEST, REPOSITORY@sha256:DIGEST, or the name of a release that was deployed
#   --wait     wait (WAIT_S) for runs that the release would break, instead of refusing it
#   --migrate  change the database's schema where the release asks for it: people get a page for some minutes
# ALLOW_OLDER=1 deploys an older commit than what serves; scripts/rollback.sh does that.
#
# exit: 0 done · 2 usage or a setting · 3 another deploy has the lock · 4 this host, registry or database is not
# ready · 5 the image · 6 the schema · 7 DAGs · 8 the new colour is not healthy · 9 nginx · 10 taken back · 11 interrupted
# 12 it serves, and something after that failed

# shellcheck disable=SC2034 # variables are read by the parts in deploy/
set -euo pipefail

# shellcheck source=scripts/deploy/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/deploy/all.sh"

arguments() {
  while (($#)); do
    case $1 in
      -h | --help) usage && exit 0 ;;
      --wait) WAIT=yes ;;
      --migrate) MIGRATE=yes ;;
      -*) fail 2 "there is no option $1: see $0 -h" ;;
      *) [[ -z $WANTED ]] || fail 2 "one RELEASE, not also '$1': see $0 -h" && WANTED=$1 ;;
    esac
    shift
  done
  [[ -n $WANTED ]] || fail 2 "which RELEASE? See $0 -h"
}

# The files of the bucket may be newer than these; those that run are read already, so they begin anew.
sync_files() {
  [[ -x $HOST_DIR/system/sync.sh && -z ${SYNCED:-} ]] || return 0
  "$HOST_DIR/system/sync.sh" || fail 4 "the files of s3://$DEPLOY_BUCKET/host/ cannot be copied: see above"
  SYNCED=yes exec "$0" "$@"
}

# The database's lock is asked for by the code that serves here, so that nothing is pulled for a deploy that
# may not be; the first deploy has none.
take_lock() {
  TOOL_IMAGE=$IMAGE
  if [[ -n $FROM ]] && docker image inspect "$(of "$FROM" IMAGE)" >/dev/null 2>&1; then
    TOOL_IMAGE=$(of "$FROM" IMAGE)
  elif ! docker image inspect "$IMAGE" >/dev/null 2>&1; then
    registry_reachable "$IMAGE" || fail 4 "the registry $(registry_of "$IMAGE") does not answer: is there a route to it?"
    disk
    pull "$IMAGE"
  fi
  global_lock "$WANTED"
}

colours() {
  FROM=$(serving_colour)
  TO=$(other "$FROM")
}

get_image() {
  pull "$IMAGE"
  RELEASE=$(release_of "$IMAGE")
  not_older "$IMAGE" "${FROM:+$(of "$FROM" IMAGE)}"
  note "$RELEASE, for $TO; what serves is ${FROM:+$FROM, }$(old_release)"
}

start_api_server() {
  take_colour "$TO"
  start "$TO" api-server dag-processor
  until_healthy "$TO" api-server
  warm "$TO"
  stand_by "$TO"
}

# Whoever interrupts it finds nginx on one side or the other: to take back is right for both. With another schema, and
# where the page was up before, there is no old release to take back.
switch() {
  local before=$POINT code=0
  [[ $POINT =~ ^(migrated|closed)$ ]] || POINT=switched
  SWITCHED_AT=$(date -u +%FT%TZ)
  point_nginx "$TO" || code=$?
  # nginx refused, and serves what it served
  ((code == 0)) || { POINT=$before && return "$code"; }
}

commit() {
  keep "$TO"
  POINT="done" MAINTENANCE=""
  echo "$TO" >"$STATE/colour"
  stay "$TO"
  tool "$IMAGE" serve >/dev/null || echo "warning: s3://$DEPLOY_BUCKET/releases/current.json was not written: a host that is replaced starts the release before" >&2
}

retire() {
  [[ -n $FROM ]] || return 0
  let_go "$FROM"
  drain "$FROM"
  nginx_drain || note "the last requests get $STOP_S s (STOP_S)"
  remove "$FROM"
}

begin() {
  state
  arguments "$@"
  read_settings
  sync_files "$@"
  local_lock
  AUDITED=yes
  IMAGE=$(wanted_image "$WANTED")
  colours
}

prepare() {
  step lock 4 take_lock
  step heal 8 heal
  colours
  keep "$FROM"
  JOURNALING=yes
  step preflight 4 preflight
  step image 5 get_image
  step secrets 4 secrets "$TO"
  step schema 6 schema
  step dags 7 dags
  step pre-deploy 4 hook pre-deploy
  step publish 4 publish
  step nginx 9 nginx_renew
}

# where nothing may run meanwhile
stand_still() {
  case $SCHEMA in
    empty) step first-time 6 first_time ;;
    behind)
      POINT=${MAINTENANCE:-quiet}
      step quiet 6 quiet "$FROM"
      step snapshot 6 snapshot
      POINT=migrated
      step migrate 6 migrate
      ;;
    equal)
      newer_workers || return 0
      POINT=${MAINTENANCE:-quiet} MOVE_RUNS=1
      step quiet 6 quiet "$FROM"
      ;;
  esac
}

change_over() {
  POINT=${MAINTENANCE:-before}
  stand_still
  step api-server 8 start_api_server
  step switch 9 switch
  step control-plane 8 hand_over "$TO"
  step bake 10 bake "$TO"
  step commit 10 commit
  [[ -z ${MOVE_RUNS:-} || -z $FROM ]] || step move-runs 7 move_runs
  step drain 8 retire
  step prune 4 prune_images "$IMAGE" "${FROM:+$(of "$FROM" IMAGE)}"
  hook post-deploy || echo "warning: hooks/post-deploy failed; $RELEASE serves" >&2
}

main() {
  trap 'finish $?' EXIT
  trap 'FAILURE="interrupted"; exit 11' INT TERM HUP
  begin "$@"
  prepare
  change_over
  say "$RELEASE serves ($TO), after $(since "$BEGUN") s"
}

# not when a test reads it
[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@"
