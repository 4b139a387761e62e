#!/usr/bin/env bash
# All that the pipeline's SSH key may do on this host. As a line of root's authorized_keys:
#
#   restrict,command="/opt/airflow/system/gate.sh" ssh-ed25519 AAAA… deploy
#
# What the client asks for is in SSH_ORIGINAL_COMMAND. Its words are compared, and no shell ever reads them:
#   deploy sha256:DIGEST [--wait] [--migrate] [--allow-older] [--who=NAME]
#   rollback [RELEASE | sha256:DIGEST] [--wait] [--move-runs] [--who=NAME]
#   status
# exit: that of the script; 2 for whatever else is asked for
set -euo pipefail

readonly FOLDER=${AIRFLOW_HOST_DIR:-/opt/airflow}
readonly DIGEST='sha256:[0-9a-f]{64}' RELEASE='([0-9a-f]{8}|unknown)-[0-9a-f]{8}'
OPTIONS=() TARGET=""

refuse() {
  echo "error: $*. This key may do: deploy sha256:DIGEST [--wait] [--migrate] [--allow-older] [--who=NAME], rollback [RELEASE] [--wait] [--move-runs] [--who=NAME], status" >&2
  exit 2
}

# take PATTERN ALLOWED WORD...: sets OPTIONS and TARGET
take() {
  local pattern=$1 allowed=$2 word
  shift 2
  for word in "$@"; do
    case $word in
      --who=?*) export DEPLOY_WHO=${word#--who=} ;;
      --allow-older) [[ $allowed == *" $word "* ]] || refuse "'$word' is not for this" && export ALLOW_OLDER=1 ;;
      -*) [[ $allowed == *" $word "* ]] || refuse "'$word' is not for this" && OPTIONS+=("$word") ;;
      *)
        [[ -z $TARGET ]] || refuse "one release, not also '$word'"
        [[ $word =~ ^($pattern)$ ]] || refuse "'$word' is no digest (sha256: and 64 hexadecimal digits)"
        TARGET=$word
        ;;
    esac
  done
}

deploy() {
  take "$DIGEST" " --wait --migrate --allow-older " "$@"
  [[ -n $TARGET ]] || refuse "deploy which digest?"
  # before the first deploy, a host has what is needed to fetch the rest
  [[ -x $FOLDER/scripts/deploy.sh ]] || "$FOLDER/system/sync.sh"
  exec "$FOLDER/scripts/deploy.sh" "${OPTIONS[@]}" "$TARGET"
}

rollback() {
  take "$RELEASE|$DIGEST" " --wait --move-runs " "$@"
  exec "$FOLDER/scripts/rollback.sh" "${OPTIONS[@]}" ${TARGET:+"$TARGET"}
}

status() {
  (($# == 0)) || refuse "status takes nothing"
  exec "$FOLDER/scripts/status.sh" --json
}

main() {
  local asked=${SSH_ORIGINAL_COMMAND:-} words
  [[ -n $asked ]] || refuse "there is no shell here"
  [[ $asked =~ ^[A-Za-z0-9\ @:._=-]+$ ]] || refuse "what was asked for has a character that nothing here has"
  read -ra words <<<"$asked"
  case ${words[0]:-} in
    deploy | rollback | status) "${words[@]}" ;;
    *) refuse "'${words[0]:-}' is not for this key" ;;
  esac
}

main
