# shellcheck shell=bash
# A host's folder, all parts of a deploy, and stubs that write down how they were called.

DIGEST=0000000000000000000000000000000000000000000000000000000000000000
BLUE_IMAGE=registry.example/airflow@sha256:b$(printf '0%.0s' {1..63})
GREEN_IMAGE=registry.example/airflow@sha256:c$(printf '0%.0s' {1..63})

settings() {
  cat <<TEXT
AWS_DEFAULT_REGION=eu-west-1
DEPLOY_BUCKET=bucket
SECRETS_PREFIX=airflow-test
IMAGE_REPOSITORY=registry.example/airflow
DOMAIN_NAME=airflow.example.com
EXECUTION_NETWORKS=10.40.0.0/16,172.16.0.0/12
TRUSTED_PROXIES=
TEXT
}

own_settings() {
  cat <<TEXT
# yours
NGINX_IMAGE=registry.example/nginx@sha256:$DIGEST
START_S=3
PARSE_S=3
DRAIN_S=20
BAKE_S=4
TEXT
}

# host: to be called by setup
host() {
  ROOT=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
  export AIRFLOW_HOST_DIR=$BATS_TEST_TMPDIR/host DEPLOY_WHO=tester DOCKER_CONFIG=$BATS_TEST_TMPDIR/docker
  CALLS=$BATS_TEST_TMPDIR/calls
  mkdir -p "$AIRFLOW_HOST_DIR"/{scripts,state,hooks} "$DOCKER_CONFIG"
  ln -s "$ROOT/scripts/deploy" "$AIRFLOW_HOST_DIR/scripts/deploy"
  settings >"$AIRFLOW_HOST_DIR/settings.env"
  own_settings >"$AIRFLOW_HOST_DIR/deploy.env"
  : >"$CALLS"
  # shellcheck source=scripts/deploy.sh
  . "$ROOT/scripts/deploy.sh"
  set +u # as bats itself needs it
  state
  read_settings
  stubs
}

stubs() {
  docker() { called docker "$@"; }
  aws() { called aws "$@"; }
  curl() { called curl "$@"; }
  systemctl() { called systemctl "$@"; }
  tool() { called tool "$@"; }
  # time passes, and the test does not
  sleep() { SECONDS=$((SECONDS + ${1%.*} + 1)); }
}

called() {
  echo "$*" >>"$CALLS"
}

# stub NAME...: functions that only write down how they were called
stub() {
  local name
  for name in "$@"; do
    eval "$name() { called $name \"\$@\"; }"
  done
}

# colour_has COLOUR RELEASE IMAGE
colour_has() {
  mkdir -p "$STATE/$1"
  printf '%s\n' "FARGATE_RELEASE=$2" "IMAGE=$3" "RELEASE_AIRFLOW=3.3.2" >"$STATE/$1/release.env"
}

calls() {
  cat "$CALLS"
}

# order WORDS...: lines of the calls that begin with each, in this order
order() {
  local word at last=0
  for word in "$@"; do
    at=$(grep -nF -- "$word" "$CALLS" | cut -d: -f1 | awk -v last="$last" '$1 > last { print; exit }')
    [[ -n $at ]] || {
      echo "'$word' was not called after line $last of:" && calls
      return 1
    }
    last=$at
  done
}
