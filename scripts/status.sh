#!/usr/bin/env bash
# What serves, what runs by release, and what was deployed last.
#
# usage: status.sh [-h] [--json]     as root
set -euo pipefail

# shellcheck source=scripts/deploy/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/deploy/all.sh"

# one line of JSON a colour
colour_line() {
  local colour=$1 service state=idle running=() image
  image=$(of "$colour" IMAGE)
  for service in "${SERVICES[@]}"; do
    running+=("$service:$(health "$colour" "$service")")
  done
  [[ ${running[*]} != *:none*:none*:none*:none* ]] || running=()
  ((${#running[@]} == 0)) || state=standing
  [[ $colour != "$SERVING" ]] || state=$([[ $(nginx_state) == maintenance ]] && echo maintenance || echo serving)
  host_py entry colour="$colour" state="$state" release="$(of "$colour" FARGATE_RELEASE)" digest="${image##*@}" containers="${running[*]}"
}

main() {
  local form=table image
  case ${1:-} in
    "") ;;
    -h | --help) usage && return ;;
    --json) form=json ;;
    *) echo "error: there is no option $1: see $0 -h" >&2 && return 2 ;;
  esac
  state
  read_settings
  SERVING=$(serving_colour)
  image=${SERVING:+$(of "$SERVING" IMAGE)}
  {
    colour_line blue
    colour_line green
    [[ -z $image ]] || tool "$image" activity || echo "warning: the database did not say what runs" >&2
  } | host_py status "$form" "$AUDIT"
}

# not when a test reads it
[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@"
