#!/usr/bin/env bash
# What must not work twice, and what may: the control plane goes from one colour to the other.
#
# A dag-processor waits for its turn in the database, schedulers of two releases may work side by side,
# a triggerer takes what is its release's. So all of the new ones are there before an old one stops.

# shellcheck disable=SC2034,SC2153 # variables are shared with the other parts

# in_container COLOUR SERVICE COMMAND...
in_container() {
  local id
  id=$(containers "$1" "$2")
  [[ -n $id ]] || return 1
  shift 2
  docker exec "$id" "$@"
}

# stand_by COLOUR: its dag-processor has imported everything, and waits or works
stand_by() {
  local end=$((SECONDS + START_S))
  start "$1" dag-processor
  until in_container "$1" dag-processor sh -c 'test -e /tmp/standby || test -e /tmp/healthy' 2>/dev/null; do
    case $(health "$1" dag-processor) in
      exited | dead | none) sick "$1" dag-processor "ended before it stood by" && return 1 ;;
    esac
    ((SECONDS < end)) || { sick "$1" dag-processor "does not stand by after $START_S s" && return 1; }
    sleep 0.5
  done
}

# parse COLOUR: its dag-processor takes over from the other colour's, and parses everything without an error
parse() {
  local parsed end=$((SECONDS + PARSE_S))
  stop "$(other "$1")" 30 dag-processor
  until parsed=$(in_container "$1" dag-processor cat /tmp/parsed.json 2>/dev/null); do
    elsewhere "$1" && return 0
    ((SECONDS < end)) || { sick "$1" dag-processor "has not parsed all DAGs after $PARSE_S s" && return 1; }
    sleep 0.3
  done
  importable "$1" || return
  note "$(host_py field dags <<<"$parsed") DAGs of $(host_py field files <<<"$parsed") files"
}

# importable COLOUR: its dag-processor has found no import error by now, or has not had its turn
importable() {
  local parsed wrong
  parsed=$(in_container "$1" dag-processor cat /tmp/parsed.json 2>/dev/null) || return 0
  wrong=$(host_py lines import_errors <<<"$parsed")
  [[ -n $wrong ]] || return 0
  printf 'error: these DAGs cannot be imported by %s:\n%s\n' "$RELEASE" "$wrong" >&2
  return 1
}

# With several hosts another one's dag-processor may have the turn; this one waits until that host's deploy.
elsewhere() {
  ((HOSTS > 1 && SECONDS - HANDED_AT > 20)) || return 1
  in_container "$1" dag-processor test -e /tmp/standby || return 1
  note "the dag-processor of another host works; this one stands by"
}

# hand_over COLOUR: from the other one, which keeps all but its dag-processor until it is let go
hand_over() {
  HANDED_AT=$SECONDS
  parse "$1" || return
  start "$1" scheduler triggerer
  until_healthy "$1" scheduler triggerer
}

# drain COLOUR: its scheduler ends after its local tasks, for which it has DRAIN_S; the release says which were cut
drain() {
  local id stopping name begun=$SECONDS cut=""
  id=$(containers "$1" scheduler)
  [[ -n $id ]] || return 0
  name=$(docker inspect --format '{{.Config.Hostname}}' "$id")
  docker stop --time "$DRAIN_S" "$id" >/dev/null &
  stopping=$!
  while kill -0 "$stopping" 2>/dev/null; do
    # asked before the end, since nobody knows them afterwards; a container takes a second or two to ask
    if [[ -z $cut ]] && ((SECONDS - begun > DRAIN_S - 6)); then
      cut=$(tool "$IMAGE" local-tasks "$name" | host_py lines tasks) || cut="(the database did not say)"
    fi
    ((SECONDS % 30)) || note "local tasks of $1 still run"
    sleep 1
  done
  wait "$stopping" || true
  [[ $(docker inspect --format '{{.State.ExitCode}}' "$id") == 137 && -n $cut ]] || return 0
  CUT=$cut
  printf 'error: these local tasks were cut after %s s (DRAIN_S):\n%s\n' "$DRAIN_S" "$cut" >&2
}
