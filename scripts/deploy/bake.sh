#!/usr/bin/env bash
# After the switch: is the new release good? If not, the old one, which stands ready, gets its place back.

# bake COLOUR: for BAKE_S; fails as soon as something is wrong
bake() {
  local end=$((SECONDS + BAKE_S))
  while ((SECONDS < end)); do
    all_healthy "$1" "${SERVICES[@]}" || return
    few_errors "$1" "$SWITCHED_AT" || return
    importable "$1" || return
    lock_step bake
    sleep 2
  done
}

# few_errors COLOUR SINCE
few_errors() {
  local share
  share=$(access_log "$2" | host_py errors "$1")
  ((share <= BAKE_ERRORS_PERCENT)) || {
    echo "error: $share % of the answers of $1 since the switch are 5xx, and BAKE_ERRORS_PERCENT is $BAKE_ERRORS_PERCENT" >&2
    return 1
  }
}

access_log() {
  docker logs --since "$1" "$(nginx_ids | sed -n 1p)" 2>/dev/null
}

# take_back FROM TO: FROM has everything but a dag-processor, and gets that, the requests, and no rival
take_back() {
  say "back to $1 ($(of "$1" FARGATE_RELEASE))"
  start "$1" api-server
  until_healthy "$1" api-server || true
  nginx_switch "$1" serving || echo "error: nginx did not go back: see above" >&2
  stop "$2" 30 dag-processor
  start "$1" "${SERVICES[@]}"
  drain "$2"
  nginx_drain || true
  remove "$2"
  until_healthy "$1" "${SERVICES[@]}"
}
