#!/usr/bin/env bash
# nginx in front of the two colours: render, start, switch, drain. To be sourced; defines functions only.
#
# Files are rendered into a folder of their own below NGINX_DIR, and NGINX_DIR/live is a link to the one that
# counts: a switch is one rename, and what was there before is put back by another one.

# What a host may set, and what holds where it does not. Required are DOMAIN_NAME, EXECUTION_NETWORKS and NGINX_IMAGE.
nginx_settings() {
  : "${AIRFLOW_HOST_DIR:=/opt/airflow}" "${COMPOSE_PREFIX:=airflow}" "${BLUE_PORT:=8081}" "${GREEN_PORT:=8082}"
  : "${HTTPS_PORT:=443}" "${HTTP_PORT:=80}" "${LISTEN:=0.0.0.0}" "${TRUSTED_PROXIES:=}" "${NGINX_WORKERS:=auto}"
  : "${LOGIN_RATE:=30r/m}" "${LOGIN_BURST:=20}" "${MAX_REQUEST_SIZE:=32m}"
  : "${NGINX_DRAIN_S:=130}" "${NGINX_SWITCH_S:=10}" "${NGINX_TEMPLATES:=$AIRFLOW_HOST_DIR/scripts/nginx}"
  : "${NGINX_DIR:=$AIRFLOW_HOST_DIR/state/nginx}" "${TLS_DIR:=$AIRFLOW_HOST_DIR/state/tls}"
  # as nginx sees them, in its container
  : "${NGINX_SEES:=/etc/nginx/airflow}" "${NGINX_TLS_DIR:=/etc/nginx/tls}" "${NGINX_RUN_DIR:=/run/nginx}"
  : "${NGINX_USER:=nginx}" "${NGINX_LOG:=/dev/stdout}"
  export COMPOSE_PREFIX NGINX_DIR TLS_DIR
}

nginx_fail() {
  echo "nginx: $*" >&2
}

# nginx_ids OPTION...: nginx's containers, the newest first: one, but while nginx_replace.sh puts another in its place
# shellcheck disable=SC2120 # nginx_replace.sh gives it options
nginx_ids() {
  docker ps --quiet --filter "label=com.docker.compose.project=$COMPOSE_PREFIX-nginx" "$@"
}

# nginx_in COMMAND...: runs it where nginx is
nginx_in() {
  # shellcheck disable=SC2119 # of those that run
  docker exec "$(nginx_ids | sed -n 1p)" "$@"
}

nginx_compose() {
  docker compose -f "$NGINX_TEMPLATES/compose.yml" -p "$COMPOSE_PREFIX-nginx" "$@"
}

# nginx_conf FOLDER COMMAND...: nginx with the configuration in that folder of NGINX_DIR
nginx_conf() {
  local folder=$1
  shift
  nginx_in nginx -c "$NGINX_SEES/$folder/nginx.conf" "$@"
}

nginx_port() {
  case $1 in
    blue) echo "$BLUE_PORT" ;;
    green) echo "$GREEN_PORT" ;;
    *)
      nginx_fail "no colour: \"$1\". It is blue or green"
      return 2
      ;;
  esac
}

# one VALUE PATTERN NAME MEANING: a setting has the form it should have
nginx_one() {
  [[ $1 =~ ^$2$ ]] || {
    nginx_fail "$3 is \"$1\": it is $4"
    return 2
  }
}

nginx_check_settings() {
  local cidr='[0-9]{1,3}(\.[0-9]{1,3}){3}/([0-9]|[12][0-9]|3[0-2])' number='[1-9][0-9]*' name wrong=0
  for name in DOMAIN_NAME EXECUTION_NETWORKS; do
    [[ -n ${!name:-} ]] || {
      nginx_fail "$name is not set: settings.env of terraform apply has it, and deploy.env may"
      wrong=2
    }
  done
  ((wrong == 0)) || return "$wrong"
  nginx_one "$DOMAIN_NAME" '[a-z0-9]([a-z0-9.-]*[a-z0-9])?' DOMAIN_NAME "a name such as airflow.example.com" || wrong=2
  nginx_one "$EXECUTION_NETWORKS" "$cidr(,$cidr)*" EXECUTION_NETWORKS "networks such as 10.0.0.0/16,172.16.0.0/12" || wrong=2
  nginx_one "$TRUSTED_PROXIES" "($cidr(,$cidr)*)?" TRUSTED_PROXIES "networks such as 10.0.0.0/16, or empty" || wrong=2
  nginx_one "$LISTEN" '[0-9.]+(,[0-9.]+)*' LISTEN "addresses such as 0.0.0.0" || wrong=2
  nginx_one "$LOGIN_RATE" "${number}r/[sm]" LOGIN_RATE "a rate such as 30r/m" || wrong=2
  nginx_one "$LOGIN_BURST" "$number" LOGIN_BURST "a number" || wrong=2
  nginx_one "$MAX_REQUEST_SIZE" "${number}[km]" MAX_REQUEST_SIZE "a size such as 32m" || wrong=2
  nginx_one "$NGINX_WORKERS" "auto|$number" NGINX_WORKERS "auto or a number" || wrong=2
  for name in BLUE_PORT GREEN_PORT HTTP_PORT HTTPS_PORT NGINX_DRAIN_S NGINX_SWITCH_S; do
    nginx_one "${!name}" "$number" "$name" "a number" || wrong=2
  done
  return "$wrong"
}

# nginx_lines BEFORE LIST AFTER: a line for each of a list with commas
nginx_lines() {
  local item items
  IFS=, read -ra items <<<"$2"
  for item in "${items[@]}"; do
    printf '%s%s%s\n' "$1" "$item" "$3"
  done
}

# This host asks on 127.0.0.1, whatever else nginx listens on.
nginx_addresses() {
  local all=",$LISTEN,"
  if [[ $all == *,0.0.0.0,* || $all == *,127.0.0.1,* ]]; then
    echo "$LISTEN"
  else
    echo "127.0.0.1,$LISTEN"
  fi
}

# nginx_values COLOUR MODE: sets the array VALUES of all that templates may name
nginx_values() {
  local addresses
  addresses=$(nginx_addresses)
  # shellcheck disable=SC2034 # read through a reference
  VALUES=(
    [COLOUR]=$1 [PORT]=$(nginx_port "$1") [MAINTENANCE]=$([[ $2 == serving ]] && echo 0 || echo 1)
    [GENERATION]=$2.$(date +%s%N) [DOMAIN_NAME]=$DOMAIN_NAME
    [AUTHORITY]=$DOMAIN_NAME$([[ $HTTPS_PORT == 443 ]] || echo ":$HTTPS_PORT")
    [HTTP_LISTEN]=$(nginx_lines "listen " "$addresses" ":$HTTP_PORT;")
    # a second nginx may listen on the same ports, and the kernel gives both of them connections
    [HTTP_DEFAULT_LISTEN]=$(nginx_lines "listen " "$addresses" ":$HTTP_PORT default_server reuseport;")
    [HTTPS_LISTEN]=$(nginx_lines "listen " "$addresses" ":$HTTPS_PORT ssl;")
    [HTTPS_DEFAULT_LISTEN]=$(nginx_lines "listen " "$addresses" ":$HTTPS_PORT ssl default_server reuseport;")
    [TRUSTED_PROXIES]=$([[ -z $TRUSTED_PROXIES ]] || nginx_lines "set_real_ip_from " "$TRUSTED_PROXIES" ";")
    [EXECUTION_NETWORKS]=$(nginx_lines "" "$EXECUTION_NETWORKS" " 1;")
    [LOGIN_RATE]=$LOGIN_RATE [LOGIN_BURST]=$LOGIN_BURST [MAX_REQUEST_SIZE]=$MAX_REQUEST_SIZE
    [NGINX_WORKERS]=$NGINX_WORKERS [NGINX_USER]=$NGINX_USER [NGINX_LOG]=$NGINX_LOG
    [NGINX_RUN_DIR]=$NGINX_RUN_DIR [NGINX_TLS_DIR]=$NGINX_TLS_DIR
    [MAINTENANCE_PAGE]=$(<"$NGINX_TEMPLATES/maintenance.html")
  )
}

# nginx_fill TEMPLATE: prints it with the values of VALUES
nginx_fill() {
  local text name
  text=$(<"$1")
  for name in "${!VALUES[@]}"; do
    text=${text//"\${$name}"/"${VALUES[$name]}"}
  done
  if [[ $text =~ \$\{([A-Z_]+)\} ]]; then
    nginx_fail "$1 names \${${BASH_REMATCH[1]}}, which scripts/deploy/nginx.sh has no value for"
    return 2
  fi
  printf '%s\n' "$text"
}

# nginx_write COLOUR MODE: renders into a new folder, whose name it prints
nginx_write() {
  local folder template
  local -A VALUES=()
  nginx_settings
  nginx_check_settings || return 2
  nginx_port "$1" >/dev/null || return 2
  nginx_one "$2" 'serving|maintenance' "the mode" "serving or maintenance" || return 2
  nginx_values "$1" "$2"
  mkdir -p "$NGINX_DIR"
  folder=${VALUES[GENERATION]}
  mkdir "$NGINX_DIR/$folder"
  for template in "$NGINX_TEMPLATES"/*.template; do
    nginx_fill "$template" >"$NGINX_DIR/$folder/$(basename "$template" .template)" || {
      rm -rf "${NGINX_DIR:?}/$folder"
      return 2
    }
  done
  echo "$folder"
}

# nginx_point FOLDER: makes it the one that counts, and forgets all others but the last
nginx_point() {
  local before folder
  before=$(nginx_live)
  ln -sfn "$1" "$NGINX_DIR/live.new"
  mv -T "$NGINX_DIR/live.new" "$NGINX_DIR/live"
  for folder in "$NGINX_DIR"/{serving,maintenance}.*; do
    [[ ! -d $folder || ${folder##*/} == "$1" || ${folder##*/} == "$before" ]] || rm -rf "$folder"
  done
}

nginx_live() {
  readlink "$NGINX_DIR/live" || true
}

# nginx_render COLOUR [serving|maintenance]: what the next start of nginx serves
nginx_render() {
  local folder
  folder=$(nginx_write "$1" "${2:-serving}") || return
  nginx_settings
  nginx_point "$folder"
}

nginx_ask() {
  curl --silent --insecure --max-time 2 "$@" "https://127.0.0.1:$HTTPS_PORT/nginx-colour"
}

# nginx_colour: the colour that nginx answers with
nginx_colour() {
  local colour
  nginx_settings
  colour=$(nginx_ask --fail) && [[ $colour =~ ^(blue|green)$ ]] && echo "$colour"
}

nginx_generation() {
  nginx_ask --fail --output /dev/null --write-out '%header{x-nginx-generation}'
}

# nginx_state: serving or maintenance
nginx_state() {
  local generation
  nginx_settings
  generation=$(nginx_generation) && echo "${generation%%.*}"
}

# nginx_answers GENERATION: waits until it does, for NGINX_SWITCH_S
nginx_answers() {
  local end=$((SECONDS + NGINX_SWITCH_S))
  until [[ $(nginx_generation || true) == "$1" ]]; do
    ((SECONDS < end)) || return 1
    sleep 0.05
  done
}

# nginx_workers: the process ids of nginx's workers, also of those that finish their last requests
nginx_workers() {
  # shellcheck disable=SC2016 # for the shell where nginx is
  nginx_in sh -c 'cat /proc/$(cat "$0")/task/*/children' "$NGINX_RUN_DIR/nginx.pid"
}

# nginx_start: starts nginx with what is rendered, unless it runs
nginx_start() {
  nginx_settings
  [[ -n ${NGINX_IMAGE:-} ]] || {
    nginx_fail "NGINX_IMAGE is not set: see docker/deploy.env"
    return 2
  }
  [[ -e $NGINX_DIR/live/nginx.conf ]] || {
    nginx_fail "nothing is rendered in $NGINX_DIR: call nginx_render COLOUR first"
    return 2
  }
  echo "==> nginx" >&2
  if ! nginx_compose up --detach --no-recreate --quiet-pull >&2 || ! nginx_answers "$(nginx_live)"; then
    nginx_fail "it did not start on port $HTTPS_PORT. Its last lines:"
    nginx_compose logs --no-log-prefix --tail 20 >&2 || true
    return 9
  fi
}

nginx_stop() {
  nginx_settings
  nginx_compose down >&2
}

# nginx_back FOLDER WHY: what was there before counts again, in nginx too
nginx_back() {
  nginx_fail "$2. What served before goes on"
  nginx_point "$1"
  if ! nginx_conf live -s reload >&2 || ! nginx_answers "$1"; then
    nginx_fail "does not answer with what served before either: see its log"
  fi
}

# nginx_switch COLOUR [serving|maintenance]: from one answer to the next, without losing a request
nginx_switch() {
  local before new said
  new=$(nginx_write "$1" "${2:-serving}") || return 2
  nginx_settings
  before=$(nginx_live)
  # asked first: nginx -t of one that does not run leaves an empty file with its process id
  nginx_workers >"$NGINX_DIR/old-workers" || {
    nginx_fail "is not running: call nginx_start"
    rm -rf "${NGINX_DIR:?}/$new"
    return 9
  }
  said=$(nginx_conf "$new" -t 2>&1) || {
    nginx_fail "refuses the new configuration, and was not touched:"$'\n'"$said"
    rm -rf "${NGINX_DIR:?}/$new"
    return 9
  }
  nginx_point "$new"
  if nginx_conf live -s reload >&2 && nginx_answers "$new"; then
    return 0
  fi
  nginx_back "$before" "did not take up $1 within $NGINX_SWITCH_S s"
  return 9
}

# nginx_drain [SECONDS]: waits until the workers of before the last switch have finished their requests
nginx_drain() {
  local end left
  nginx_settings
  end=$((SECONDS + ${1:-$NGINX_DRAIN_S}))
  [[ -f $NGINX_DIR/old-workers ]] || return 0
  while left=$(comm -12 <(tr -s ' ' '\n' <"$NGINX_DIR/old-workers" | sort) <(nginx_workers | tr -s ' ' '\n' | sort) | grep .); do
    ((SECONDS < end)) || {
      nginx_fail "old workers still have requests: ${left//$'\n'/ }"
      return 1
    }
    sleep 0.2
  done
}
