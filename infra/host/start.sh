#!/usr/bin/env bash
# Starts the release that is deployed, if there is one; airflow-deployed.service runs it at each boot.
# Until there is one, a page on port 443 says so: the load balancer would else replace this host.
# usage: start.sh     as root
set -euo pipefail

readonly FOLDER=/opt/airflow

setting() {
  sed -n "s/^$1=//p" "$FOLDER/settings.env"
}

# asked by listing: a key that is missing is then no error
deployed() {
  local count
  count=$(aws s3api list-objects-v2 --bucket "$1" --prefix releases/current.json --max-keys 1 --no-paginate \
    --query KeyCount --output text) || {
    echo "start: cannot list s3://$1/releases/: may the host's role list the bucket? Trying again in 30 s." >&2
    exit 1
  }
  ((count > 0))
}

main() {
  local bucket
  bucket=$(setting DEPLOY_BUCKET)
  # another region's address of S3 is not reached through the endpoint
  AWS_DEFAULT_REGION=$(setting AWS_DEFAULT_REGION)
  export AWS_DEFAULT_REGION
  if ! deployed "$bucket"; then
    echo "start: no release is deployed yet (s3://$bucket/releases/current.json is not there)"
    systemctl start airflow-placeholder.service
    return
  fi
  bash "$FOLDER/system/sync.sh" "$bucket"
  [[ -f $FOLDER/scripts/boot.sh ]] || {
    echo "start: a release is deployed, but s3://$bucket/host/scripts/boot.sh is missing: deploy again" >&2
    return 1
  }
  systemctl stop airflow-placeholder.service
  exec "$FOLDER/scripts/boot.sh"
}

main "$@"
