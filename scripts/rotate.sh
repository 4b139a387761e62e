#!/usr/bin/env bash
# Replaces a secret while tasks run: the new value is known everywhere before it is used, and the old one for
# as long as anything uses it. After each step what serves is deployed again, into the other colour.
#
# usage: rotate.sh [-h] [--step] SECRET      as root
#   SECRET    fernet-key, jwt-secret or database-url, below SECRETS_PREFIX in Secrets Manager
#   --step    one step without a deploy: with several hosts deploy on each of them, then call this again
# A rotation that was interrupted goes on where it was. jwt-secret: before its last step, after which people log
# in again, it waits until no token of a task can be left ([scheduler] task_queued_timeout and [execution_api]
# jwt_expiration_time).
#
# exit: as deploy.sh

# shellcheck disable=SC2034 # variables are read by the parts in deploy/
set -euo pipefail

# shellcheck source=scripts/deploy/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/deploy/all.sh"

arguments() {
  SECRET="" ONE_STEP=""
  while (($#)); do
    case $1 in
      -h | --help) usage && exit 0 ;;
      --step) ONE_STEP=yes ;;
      -*) fail 2 "there is no option $1: see $0 -h" ;;
      *) [[ -z $SECRET ]] || fail 2 "one SECRET, not also '$1': see $0 -h" && SECRET=$1 ;;
    esac
    shift
  done
  [[ -n $SECRET ]] || fail 2 "which SECRET? See $0 -h"
}

# what serves, with the code that serves
serving() {
  COLOUR=$(serving_colour)
  [[ -n $COLOUR ]] || fail 4 "nothing serves on this host: a first deploy makes its secrets new"
  IMAGE=$(of "$COLOUR" IMAGE) RELEASE=$(of "$COLOUR" FARGATE_RELEASE)
}

one_rotation() {
  exec 8>>"$STATE/rotation"
  flock --exclusive --nonblock 8 || fail 3 "another rotation runs on this host. Wait for it"
}

# next_step: sets NEXT, WAIT_FOR in seconds, and whether the rotation is UNDER_WAY
next_step() {
  local plan
  plan=$(tool "$IMAGE" rotation "$SECRET") || fail "$?" "the rotation of $SECRET cannot be planned: see above"
  NEXT=$(host_py field next <<<"$plan") WAIT_FOR=$(host_py field wait_s <<<"$plan")
  UNDER_WAY=$(host_py field under_way <<<"$plan")
}

# is_deployed: what serves has the secrets as they are now
is_deployed() {
  local files
  files=$(tool "$IMAGE" secrets) || fail "$?" "the secrets cannot be read: see above"
  [[ $(host_py field secrets.env <<<"$files") == "$(cat "$STATE/$COLOUR/secrets.env")" ]] &&
    [[ $(host_py field jwks.json <<<"$files") == "$(cat "$STATE/$COLOUR/jwks.json")" ]]
}

# what serves, again, with the secrets as they are now
deploy_again() {
  serving
  DEPLOY_WHO="$WHO (rotates $SECRET)" "$(dirname "$0")/deploy.sh" "$IMAGE" ||
    fail "$?" "the rotation of $SECRET stopped: what serves knows the old and the new value. When the cause is away: $0 $SECRET"
  serving
}

# wait_until SECONDS: so long since the last deploy was done
wait_until() {
  local end left
  end=$(($(stat --format %Y "$STATE/colour") + $1))
  while left=$((end - $(now))) && ((left > 0)); do
    note "$left s until no token of the old $SECRET is left"
    sleep $((left < 60 ? left : 60))
  done
}

now() {
  date +%s
}

take_step() {
  say "$NEXT ($SECRET)"
  tool "$IMAGE" rotate "$SECRET" >/dev/null || fail "$?" "the step $NEXT of $SECRET failed, and changed nothing: see above"
}

# one that was interrupted, perhaps before its last deploy
go_on() {
  next_step
  is_deployed && return
  [[ -z $ONE_STEP ]] || fail 4 "what serves here has not got $SECRET as it is now: deploy it on every host, then go on"
  deploy_again
  [[ $UNDER_WAY == true ]] || NEXT=nothing
}

rotate() {
  until [[ $NEXT == nothing ]]; do
    wait_until "$WAIT_FOR"
    take_step
    [[ -z $ONE_STEP ]] || { say "deploy what serves on every host, then go on: $0 --step $SECRET" && return; }
    # nobody used the login that was shut out
    [[ $SECRET == database-url && $NEXT == drop ]] || deploy_again
    if [[ $NEXT == drop ]]; then NEXT=nothing; else next_step; fi
  done
  say "$SECRET is rotated"
}

main() {
  state
  arguments "$@"
  read_settings
  ((${HOSTS:-1} == 1)) || [[ -n $ONE_STEP ]] ||
    fail 2 "there are $HOSTS hosts, each of which has to be deployed between steps: $0 --step $SECRET"
  one_rotation
  serving
  go_on
  rotate
}

# not when a test reads it
[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@"
