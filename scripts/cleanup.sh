#!/usr/bin/env bash
# Deletes what ended more than RETENTION_DAYS ago from Airflow's database, in the scheduler's container.
# airflow-cleanup.timer starts it each night; on a host without a serving scheduler it does nothing.
#
# usage: cleanup.sh [-h]     as root
set -euo pipefail

# shellcheck source=scripts/deploy/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/deploy/all.sh"

main() {
  local colour before
  case ${1:-} in
    "") ;;
    -h | --help) usage && return ;;
    *) echo "error: there is no option $1: see $0 -h" >&2 && return 2 ;;
  esac
  state
  read_settings
  colour=$(serving_colour)
  [[ -n $colour && -n $(containers "$colour" scheduler) ]] || {
    echo "cleanup: nothing serves on this host"
    return 0
  }
  before=$(date --utc --date "$RETENTION_DAYS days ago" +%FT%TZ)
  say "delete what ended before $before (RETENTION_DAYS=$RETENTION_DAYS)"
  in_container "$colour" scheduler airflow db clean --clean-before-timestamp "$before" --skip-archive --error-on-cleanup-failure --yes
}

# not when a test reads it
[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@"
