#!/usr/bin/env bash
# Another NGINX_IMAGE, or other settings of nginx's container, without refusing a connection: a second nginx listens
# on the same ports, and when it answers, the first one stops listening and finishes the requests that it has.

nginx_version_ok() {
  local version
  nginx_settings
  version=$(nginx_in nginx -v 2>&1 | sed -n 's,.*nginx/\([0-9.]*\).*,\1,p')
  printf '1.27.4\n%s\n' "${version:-0}" | sort -CV || {
    nginx_fail "version ${version:-unknown} runs: a switch loses no request from 1.27.4 on. Build docker/nginx and set NGINX_IMAGE"
    return 4
  }
}

# nginx_is_current: what runs is what Compose would make of compose.yml and the settings now; true where nothing runs
nginx_is_current() {
  local id wanted
  nginx_settings
  id=$(nginx_ids | sed -n 1p)
  [[ -n $id ]] || return 0
  wanted=$(nginx_compose config --hash nginx) || return
  [[ $(docker inspect --format '{{index .Config.Labels "com.docker.compose.config-hash"}}' "$id") == "${wanted##* }" ]]
}

# nginx_migrate: what a closing nginx has not accepted yet goes to the one that stays, instead of being reset
nginx_migrate() {
  echo 1 2>/dev/null >"${NGINX_MIGRATE:=/proc/sys/net/ipv4/tcp_migrate_req}" ||
    nginx_fail "$NGINX_MIGRATE cannot be set (Linux has it from 5.14 on): a connection that comes while the old nginx closes may be reset"
}

# nginx_end ID: it stops listening at once, and ends when its requests have, or after NGINX_DRAIN_S
nginx_end() {
  docker update --restart no "$1" >/dev/null
  docker stop --time "$NGINX_DRAIN_S" "$1" >/dev/null
  docker rm "$1" >/dev/null
}

# nginx_single: of those that a deploy left which was killed, the newest that is healthy stays
nginx_single() {
  local ids id keep=""
  nginx_settings
  # Compose would start such a one again, with the image that it has
  mapfile -t ids < <(nginx_ids --all --filter status=exited --filter status=created --filter status=dead)
  ((${#ids[@]} == 0)) || docker rm "${ids[@]}" >/dev/null
  mapfile -t ids < <(nginx_ids)
  ((${#ids[@]} > 1)) || return 0
  for id in "${ids[@]}"; do
    [[ -n $keep || $(docker inspect --format '{{.State.Health.Status}}' "$id") != healthy ]] || keep=$id
  done
  keep=${keep:-${ids[-1]}}
  echo "==> one nginx instead of ${#ids[@]}" >&2
  nginx_migrate
  for id in "${ids[@]}"; do
    [[ $id == "$keep" ]] || nginx_end "$id"
  done
}

# nginx_second: starts one beside that which runs; prints its id, also when it does not answer
nginx_second() {
  local running
  running=$(nginx_ids)
  nginx_compose up --detach --no-recreate --quiet-pull --scale nginx=2 >&2 && nginx_answers "$(nginx_live)"
  local code=$?
  nginx_ids --all | grep -vxF "$running" || true
  return "$code"
}

# nginx_renew: puts an nginx as the settings want it now in the place of the one that runs, unless it is that already
nginx_renew() {
  local colour mode old new before code=0
  nginx_single
  # where none answers, whoever starts it starts the right one
  colour=$(nginx_colour) || return 0
  ! nginx_is_current || return 0
  mode=$(nginx_state) || return 9
  echo "==> another nginx: $NGINX_IMAGE" >&2
  nginx_migrate
  # with today's files the one that runs lets another one listen
  nginx_switch "$colour" "$mode" || return
  old=$(nginx_ids) before=$(nginx_live)
  nginx_render "$colour" "$mode" || return
  new=$(nginx_second) || code=9
  if ((code != 0)); then
    nginx_fail "the one with $NGINX_IMAGE does not answer on port $HTTPS_PORT. What served before goes on. Its last lines:"
    [[ -z $new ]] || docker logs --tail 20 "$new" >&2 || true
    [[ -z $new ]] || docker rm --force "$new" >/dev/null
    nginx_point "$before"
    return 9
  fi
  nginx_end "$old"
  # they were workers of the one that is gone
  rm -f "$NGINX_DIR/old-workers"
}
