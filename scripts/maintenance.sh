#!/usr/bin/env bash
# Takes Airflow out of use on this host, for work on its database, and puts it back.
#
# usage: maintenance.sh [-h] on|off     as root
#   on    people get a page, nothing new is scheduled, what runs ends (DRAIN_S), then nothing of Airflow runs
#   off   what served before serves again; a deploy ends it too, with the release that it brings
# Several hosts: on all of them at once, since one waits for the tasks of all.
# exit: as deploy.sh

# shellcheck disable=SC2034 # variables are read by the parts in deploy/
set -euo pipefail

# shellcheck source=scripts/deploy/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/deploy/all.sh"

turn_on() {
  [[ $MAINTENANCE != closed ]] || return 0
  POINT=quiet
  step quiet 6 quiet "$FROM"
  MAINTENANCE=closed
  journal maintenance
}

turn_off() {
  [[ $MAINTENANCE == closed ]] || return 0
  POINT=closed
  step schema 6 schema
  step start 8 converge "$FROM"
  MAINTENANCE=""
}

main() {
  local how=${1:-}
  case $how in
    on | off) ;;
    -h | --help) usage && return ;;
    *) echo "error: on or off, not '$how': see $0 -h" >&2 && return 2 ;;
  esac
  trap 'finish $?' EXIT
  trap 'FAILURE="interrupted"; exit 11' INT TERM HUP
  state
  read_settings
  local_lock
  heal
  FROM=$(serving_colour)
  [[ -n $FROM ]] || fail 2 "nothing serves on this host"
  TO=$(other "$FROM") IMAGE=$(of "$FROM" IMAGE) RELEASE=$(of "$FROM" FARGATE_RELEASE)
  keep "$FROM"
  AUDITED=yes JOURNALING=yes
  "turn_$how"
  POINT="done"
  say "$RELEASE: maintenance is $how, after $(since "$BEGUN") s"
}

# not when a test reads it
[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@"
