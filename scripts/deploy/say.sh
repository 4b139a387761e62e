#!/usr/bin/env bash
# What a deploy says, and how it ends.

# shellcheck disable=SC2034,SC2153 # variables are shared with the other parts

say() {
  echo "==> $*"
}

note() {
  echo "    $*"
}

# fail CODE TEXT...: end the deploy; what is undone then, finish.sh knows
fail() {
  local code=$1
  shift
  FAILURE=$*
  echo "error: $*" >&2
  exit "$code"
}

# seconds, to a tenth, since a time that $EPOCHREALTIME gave
since() {
  local us=$((${EPOCHREALTIME/./} - ${1/./}))
  printf '%d.%d' $((us / 1000000)) $((us / 100000 % 10))
}
