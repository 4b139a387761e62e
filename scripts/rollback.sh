#!/usr/bin/env bash
# Goes back to a release that served before: a deploy of it, with all that a deploy checks.
#
# usage: rollback.sh [-h] [--move-runs] [--wait] [RELEASE]     as root
#   RELEASE      its name, or its image by digest; the one that served before when none is given
#   --move-runs  unfinished runs of the withdrawn release go on with the other one; else they finish on theirs
#   --wait       wait (WAIT_S) for runs that this would break, instead of refusing it
# exit: as deploy.sh
set -euo pipefail

# shellcheck source=scripts/deploy/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/deploy/all.sh"

main() {
  local options=() serving
  state
  while (($#)); do
    case $1 in
      -h | --help) usage && return ;;
      --move-runs) export MOVE_RUNS=1 ;;
      --wait) options+=("$1") ;;
      -*) fail 2 "there is no option $1: see $0 -h" ;;
      *) [[ -z $WANTED ]] || fail 2 "one RELEASE, not also '$1': see $0 -h" && WANTED=$1 ;;
    esac
    shift
  done
  read_settings
  serving=$(of "$(serving_colour)" FARGATE_RELEASE)
  [[ -n $WANTED ]] || WANTED=$(host_py before "$AUDIT" "$serving")
  [[ -n $WANTED ]] || fail 2 "${serving:-nothing} serves, and $AUDIT knows of no release before it: name one"
  say "back to $WANTED"
  ALLOW_OLDER=1 exec "$(dirname "$0")/deploy.sh" "${options[@]}" "$WANTED"
}

# not when a test reads it
[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@"
