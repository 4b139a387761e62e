#!/usr/bin/env bash
# Makes an Airflow host of a machine that has docker: settings, registry login, logs, swap, units.
# The user data runs it at the first boot. To run it again changes nothing.
# usage: setup.sh BUCKET      as root
set -euo pipefail

readonly FOLDER=/opt/airflow
UNITS=(airflow-deployed.service airflow-heartbeat.timer airflow-cleanup.timer)

setting() {
  sed -n "s/^$1=//p" "$FOLDER/settings.env"
}

# put FILE: standard input becomes the file; CHANGED says whether that made a difference
put() {
  local new
  new=$(cat)
  CHANGED=no
  [[ -f $1 && $(<"$1") == "$new" ]] && return
  mkdir -p "$(dirname "$1")"
  echo "$new" >"$1"
  CHANGED=yes
}

registry_login() {
  echo "==> registry $(setting REGISTRY)"
  # the helper asks ECR with the role of the host whenever an image is pulled: no token is kept
  put ~root/.docker/config.json <<<"{\"credHelpers\": {\"$(setting REGISTRY)\": \"ecr-login\"}}"
}

# Container logs that rotate; containers that go on while the daemon restarts; networks that leave
# 10.0.0.0/8 and 192.168.0.0/16 to the VPC.
docker_daemon() {
  echo "==> docker"
  put /etc/docker/daemon.json <<'JSON'
{
  "log-driver": "local",
  "log-opts": {"max-size": "20m", "max-file": "5"},
  "live-restore": true,
  "default-address-pools": [{"base": "172.16.0.0/12", "size": 24}]
}
JSON
  systemctl enable --quiet docker.service
  if [[ $CHANGED == yes ]]; then
    systemctl restart docker.service
  else
    systemctl start docker.service
  fi
}

journal() {
  put /etc/systemd/journald.conf.d/airflow.conf <<<$'[Journal]\nSystemMaxUse=500M'
  [[ $CHANGED == no ]] || systemctl restart systemd-journald.service
}

# Two releases run side by side during a deploy: a moment of too little memory shall be slow, not fatal.
swap() {
  local file=/swapfile size
  size=$(setting HOST_SWAP_MB)
  ((size > 0)) || return 0
  echo "==> swap, $size MB"
  if [[ ! -f $file ]]; then
    # written out, since a file with holes is no swap; under its name only when it is whole
    (umask 077 && dd if=/dev/zero of="$file.new" bs=1M count="$size" status=none)
    mkswap "$file.new" >/dev/null
    mv "$file.new" "$file"
  fi
  grep -q "^$file " /etc/fstab || echo "$file none swap defaults,nofail 0 0" >>/etc/fstab
  swapon --show=NAME --noheadings | grep -qx "$file" || swapon "$file" ||
    echo "setup: no swap: this machine does not take $file" >&2
}

# The pipeline may ask for a deploy by SSH, and for nothing else; without a key, nobody may.
pipeline_key() {
  local key
  key=$(setting DEPLOY_PUBLIC_KEY)
  [[ -n $key ]] || return 0
  echo "==> the pipeline's key"
  umask 077
  put ~root/.ssh/authorized_keys <<<"restrict,command=\"$FOLDER/system/gate.sh\" $key"
  umask 022
}

units() {
  echo "==> units"
  # linked, not copied: what a later copy of the bucket brings holds from the next boot on
  systemctl enable --quiet "${UNITS[@]/#/$FOLDER/system/}"
  systemctl link --quiet "$FOLDER"/system/airflow-{heartbeat,cleanup,placeholder}.service
  systemctl daemon-reload
  systemctl start airflow-heartbeat.timer airflow-cleanup.timer
  # not waited for: a release that does not start is no broken host, and its unit tries again
  systemctl start --no-block airflow-deployed.service
}

main() {
  (($# == 1)) || {
    sed -n '4s/^# //p' "$0" >&2
    return 2
  }
  bash "$FOLDER/system/sync.sh" "$1"
  registry_login
  docker_daemon
  journal
  swap
  pipeline_key
  units
  echo "==> this host is ready"
}

main "$@"
