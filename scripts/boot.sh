#!/usr/bin/env bash
# Starts the release that is deployed, after a boot; start.sh runs it. A deploy that the host went down
# under is put right: the old release works, unless the new one had proved itself.
#
# usage: boot.sh [-h]     as root
# exit: as deploy.sh

# shellcheck disable=SC2034 # variables are read by the parts in deploy/
set -euo pipefail

# shellcheck source=scripts/deploy/all.sh
. "$(dirname "${BASH_SOURCE[0]}")/deploy/all.sh"

readonly LOCK_WAIT_S=600

main() {
  local colour image
  case ${1:-} in
    "") ;;
    -h | --help) usage && return ;;
    *) echo "error: there is no option $1: see $0 -h" >&2 && return 2 ;;
  esac
  state
  read_settings
  local_lock "$LOCK_WAIT_S"
  colour=$(cat "$STATE/colour" 2>/dev/null) || colour=""
  if [[ -s $STATE/deploy.json ]]; then
    say "heal"
    heal
    [[ $MAINTENANCE != closed ]] || note "maintenance.sh off, or a deploy, ends it"
  elif [[ -n $colour ]]; then
    say "start $colour"
    boot_colour "$colour"
  else
    new_host
  fi
}

# boot_colour COLOUR: with the secrets as they are now; where nobody tells them, with those of before
boot_colour() {
  local files
  RELEASE=$(of "$1" FARGATE_RELEASE) IMAGE=$(of "$1" IMAGE)
  if files=$(tool "$IMAGE" secrets); then
    unpack_secrets "$1" <<<"$files"
  else
    echo "warning: the secrets could not be read, so those of the last start are used" >&2
  fi
  converge "$1"
}

# a host that replaces another one has nothing but what is in the bucket
new_host() {
  local image
  image=$(stored releases/current.json | host_py field image 2>/dev/null) || image=""
  [[ -n $image ]] || fail 5 "s3://$DEPLOY_BUCKET/releases/current.json does not name an image: deploy a release"
  say "this host is new: deploy $image"
  exec 9>&-
  exec "$(dirname "$0")/deploy.sh" "$image"
}

# not when a test reads it
[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@"
