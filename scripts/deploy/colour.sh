#!/usr/bin/env bash
# A colour: the containers of one release, as a Compose project of its own.

# shellcheck disable=SC2034,SC2153 # variables are shared with the other parts

SERVICES=(api-server scheduler dag-processor triggerer)

other() {
  case $1 in
    blue) echo green ;;
    *) echo blue ;;
  esac
}

# Which colour serves: nginx knows, and where it does not run, what the last deploy wrote. Nothing before the first.
serving_colour() {
  nginx_colour 2>/dev/null || cat "$STATE/colour" 2>/dev/null || true
}

# of COLOUR KEY: a value of the release that it has, or nothing
of() {
  sed -n "s/^$2=//p" "$STATE/$1/release.env" 2>/dev/null || true
}

# take_colour COLOUR: it gets the release under deploy
take_colour() {
  mkdir -p "$STATE/$1"
  # logs of local tasks, until they are in S3; both colours have the folder, and the containers' user writes to it
  install --directory --owner 50000 --group 0 --mode 755 "$STATE/logs"
  printf '%s\n' "FARGATE_RELEASE=$RELEASE" "IMAGE=$IMAGE" "RELEASE_AIRFLOW=${RELEASE_AIRFLOW:-}" >"$STATE/$1/release.env.new"
  mv "$STATE/$1/release.env.new" "$STATE/$1/release.env"
}

# compose COLOUR ARGUMENT...
compose() {
  local colour=$1 port=$GREEN_PORT
  shift
  [[ $colour == green ]] || port=$BLUE_PORT
  # secrets are in $STATE/COLOUR/secrets.env, which compose.yml names
  COLOUR=$colour PORT=$port AIRFLOW_HOST_DIR=$HOST_DIR docker compose --progress quiet \
    --env-file "$HOST_DIR/settings.env" --env-file "$HOST_DIR/deploy.env" --env-file "$STATE/$colour/release.env" \
    --project-name "$COMPOSE_PREFIX-$colour" --file "$HOST_DIR/scripts/compose.yml" "$@"
}

# containers COLOUR [SERVICE]: their ids, of those that have ended too
containers() {
  docker ps --all --quiet --filter "label=com.docker.compose.project=$COMPOSE_PREFIX-$1" \
    ${2:+--filter "label=com.docker.compose.service=$2"}
}

# start COLOUR SERVICE...
start() {
  local colour=$1
  shift
  compose "$colour" up --detach --no-deps --quiet-pull "$@" ||
    fail 8 "docker does not start $* of $colour: see above"
}

# health COLOUR SERVICE: healthy, starting, unhealthy, exited…, or none for a container that is not there
health() {
  local id
  id=$(containers "$1" "$2")
  [[ -n $id ]] || {
    echo none
    return 0
  }
  docker inspect --format '{{if and .State.Running .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}' "$id"
}

# until_healthy COLOUR SERVICE...: within START_S. A port that is open says nothing, a container that runs neither.
until_healthy() {
  local colour=$1 service state end=$((SECONDS + START_S))
  shift
  for service in "$@"; do
    until state=$(health "$colour" "$service") && [[ $state == healthy ]]; do
      case $state in
        exited | dead | none) sick "$colour" "$service" "ended before it was healthy" && return 1 ;;
      esac
      ((SECONDS < end)) || { sick "$colour" "$service" "is $state after $START_S s" && return 1; }
      sleep 0.5
    done
  done
}

# all_healthy COLOUR SERVICE...: now
all_healthy() {
  local colour=$1 service state
  shift
  for service in "$@"; do
    state=$(health "$colour" "$service")
    [[ $state == healthy ]] || { sick "$colour" "$service" "is $state" && return 1; }
  done
}

# sick COLOUR SERVICE WHAT: say what its health checks and its log say
sick() {
  local id
  id=$(containers "$1" "$2")
  echo "error: $2 of $1 ($(of "$1" FARGATE_RELEASE)) $3" >&2
  [[ -n $id ]] || return 0
  {
    echo "--- its last health check:"
    docker inspect --format '{{with .State.Health}}{{range .Log}}{{.ExitCode}} {{.Output}}{{end}}{{end}}(exit code {{.State.ExitCode}}{{if .State.OOMKilled}}, out of memory{{end}})' "$id" | tail -n 3
    echo "--- its last 40 lines:"
    docker logs --tail 40 "$id" 2>&1
    echo "---"
  } >&2 || true
}

# The first answer of an api-server takes seconds, which a task that starts would not wait for.
warm() {
  local path port=$GREEN_PORT
  [[ $1 == green ]] || port=$BLUE_PORT
  for path in /execution/health /api/v2/version /; do
    curl --silent --show-error --fail --output /dev/null --max-time 60 --header "Host: $DOMAIN_NAME" "http://127.0.0.1:$port$path" || {
      sick "$1" api-server "does not answer on $path"
      return 1
    }
  done
}

# stay COLOUR / let_go COLOUR: whether docker starts it again by itself, after a crash and after a reboot
stay() {
  restart_policy "$1" unless-stopped
}

let_go() {
  restart_policy "$1" no
}

restart_policy() {
  local ids
  mapfile -t ids < <(containers "$1")
  ((${#ids[@]} == 0)) || docker update --restart "$2" "${ids[@]}" >/dev/null
}

# stop COLOUR SECONDS SERVICE...: those that are there
stop() {
  local colour=$1 seconds=$2 service ids=()
  shift 2
  for service in "$@"; do
    mapfile -t -O "${#ids[@]}" ids < <(containers "$colour" "$service")
  done
  ((${#ids[@]} == 0)) || docker stop --time "$seconds" "${ids[@]}" >/dev/null
}

# remove COLOUR: its containers and its network; the scheduler has drained before, or has nothing to lose
remove() {
  [[ -n $(containers "$1") ]] || return 0
  let_go "$1"
  stop "$1" "$STOP_S" "${SERVICES[@]}"
  compose "$1" down --timeout "$STOP_S"
}
