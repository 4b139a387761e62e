#!/usr/bin/env bash
# All parts of a deploy, and what they share. To be sourced by the scripts in the folder above.

# shellcheck disable=SC2034 # variables are read by the other parts

HOST_DIR=${AIRFLOW_HOST_DIR:-/opt/airflow}
parts=$(dirname "${BASH_SOURCE[0]}")
for part in say settings nginx nginx_replace lock tool image colour control_plane journal preflight checks bake migrate audit hooks finish; do
  # shellcheck source=/dev/null
  . "$parts/$part.sh"
done

# state: what every script knows before it has looked at anything
state() {
  STATE=$HOST_DIR/state AUDIT=$HOST_DIR/state/audit.jsonl
  WHO=${DEPLOY_WHO:-${SUDO_USER:-$(id -un)}} BEGUN=$EPOCHREALTIME
  WANTED="" RELEASE="" IMAGE="" FROM="" TO="" KEEP="" KIND=2 STEP=settings MIGRATE="" WAIT="" JOURNALING=""
  umask 077
  mkdir -p "$STATE"
}

# usage: the comment at the head of the script
usage() {
  awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
}
