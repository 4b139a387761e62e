#!/usr/bin/env bash
# Python in a container of an image (fargate.deploy, fargate.releases), and the little that the host's own does.

# tool IMAGE COMMAND ARGUMENT...: run a command of fargate.deploy
tool() {
  local image=$1
  shift
  python_in "$image" -m fargate.deploy "$@"
}

python_in() {
  local image=$1
  shift
  docker run --rm --interactive --label "$COMPOSE_PREFIX.deploy=tool" \
    --env-file "$HOST_DIR/scripts/airflow.env" --env-file "$HOST_DIR/settings.env" --env-file "$HOST_DIR/deploy.env" \
    --env HOME=/tmp --env AIRFLOW_CONFIG=/tmp/airflow.cfg --env AIRFLOW__LOGGING__BASE_LOG_FOLDER=/tmp/logs \
    --env AIRFLOW__LOGGING__LOGGING_LEVEL=ERROR --env PYTHONWARNINGS=ignore --env "FARGATE_RELEASE=${RELEASE:-}" "$image" python "$@"
}

# the host's Python is 3.9 and has its standard library only
host_py() {
  python3 "$HOST_DIR/scripts/deploy/host.py" "$@"
}
