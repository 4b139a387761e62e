#!/usr/bin/env bash
# Copies s3://BUCKET/host/ to /opt/airflow and puts Docker's Compose plugin in its place.
# What is in the folder and not in the bucket stays: it is the state of a release.
# usage: sync.sh [BUCKET]     as root; the bucket is that of the settings when none is given
set -euo pipefail

readonly FOLDER=/opt/airflow
readonly PLUGIN=/usr/local/lib/docker/cli-plugins/docker-compose

setting() {
  sed -n "s/^$1=//p" "$FOLDER/settings.env"
}

copy() {
  (umask 077 && aws s3 sync --only-show-errors "s3://$1/host/" "$FOLDER/")
  [[ -f $FOLDER/settings.env ]] || {
    echo "sync: s3://$1/host/settings.env is missing: terraform apply puts it there" >&2
    return 1
  }
}

# S3 knows no modes
modes() {
  local folder
  chmod 600 "$FOLDER/settings.env"
  chmod 755 "$FOLDER"
  for folder in "$FOLDER"/{bin,scripts,system}; do
    [[ -d $folder ]] || continue
    chmod -R u=rwX,go=rX "$folder"
    find "$folder" -type f \( -name '*.sh' -o -path "$FOLDER/bin/*" \) -exec chmod 755 {} +
  done
}

compose_plugin() {
  if [[ -f $FOLDER/bin/docker-compose ]]; then
    cmp --silent "$FOLDER/bin/docker-compose" "$PLUGIN" || install -D -m 755 "$FOLDER/bin/docker-compose" "$PLUGIN"
  else
    echo "sync: no bin/docker-compose in the bucket yet: the first deploy brings it"
  fi
}

main() {
  local bucket=${1:-}
  [[ -n $bucket ]] || bucket=$(setting DEPLOY_BUCKET)
  # another region's address of S3 is not reached through the endpoint
  AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-$(setting AWS_DEFAULT_REGION)}
  export AWS_DEFAULT_REGION
  copy "$bucket"
  modes
  compose_plugin
}

main "$@"
