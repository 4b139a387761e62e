#!/usr/bin/env bash
# One deploy at a time: on this host by a file, on all hosts by a lock in the database.
#
# A container holds the database's lock for as long as its standard input is open: however this script
# ends, the lock is free a moment later.

# local_lock [SECONDS]: wait for so long
local_lock() {
  mkdir -p "$STATE"
  exec 9>>"$STATE/lock"
  flock --exclusive --timeout "${1:-0}" 9 ||
    fail 3 "another deploy, rollback or boot runs on this host: $(tail -n 1 "$STATE/lock"). Wait for it"
  echo "$WHO, process $$, since $(date -u +%FT%TZ)" >"$STATE/lock"
}

# children do not keep the file's lock when this script is killed
docker() {
  command docker "$@" 9>&-
}

# global_lock RELEASE: as it was asked for
global_lock() {
  local answer
  coproc LOCK { tool "$TOOL_IMAGE" lock "$WHO" "$(hostname)" "$1" 9>&-; }
  # bash forgets them when the process ends; no child of this script inherits these pipes
  LOCK_CLIENT=$! LOCK_OUT=${LOCK[0]:-} LOCK_IN=${LOCK[1]:-}
  if [[ -z $LOCK_OUT ]] || ! { read -r answer <&"$LOCK_OUT"; } 2>/dev/null; then
    lock_refused
  fi
  LOCKED=yes
  answer=$(host_py field left_behind <<<"$answer")
  [[ -z $answer ]] || note "the lock of $answer was left behind; taken over"
}

# its message has been printed; its exit code is ours
lock_refused() {
  local code=0
  wait "$LOCK_CLIENT" || code=$?
  case $code in
    3 | 4) fail "$code" "no deploy now: see above" ;;
    *) fail 4 "the lock could not be asked for: the container of $TOOL_IMAGE ended with $code" ;;
  esac
}

# lock_step NAME: the lock is still ours
lock_step() {
  local answer
  [[ ${LOCKED:-no} == yes ]] || return 0
  # 60 s of it are for a database that fails over
  if ! { echo "$1" >&"$LOCK_IN"; } 2>/dev/null || ! read -r -t 90 answer <&"$LOCK_OUT"; then
    LOCKED=no
    fail 3 "the lock of deploys is lost: the database went away for longer than a minute, or its container was ended"
  fi
}

unlock() {
  [[ ${LOCKED:-no} == yes ]] || return 0
  LOCKED=no
  { echo release >&"$LOCK_IN"; } 2>/dev/null || true
  exec {LOCK_IN}>&-
  wait "$LOCK_CLIENT" || true
}
