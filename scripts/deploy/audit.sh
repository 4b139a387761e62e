#!/usr/bin/env bash
# What was deployed, by whom and how it went: a line of JSON for each deploy, here and in the deploy bucket.

# shellcheck disable=SC2034,SC2153 # variables are read by the other parts

STEPS=()

# step NAME CODE FUNCTION ARGUMENT...: CODE is what a failure in it means that nobody foresaw
step() {
  local name=$1 begun=$EPOCHREALTIME took
  KIND=$2
  shift 2
  lock_step "$name"
  say "$name"
  STEP=$name
  journal "$name"
  "$@"
  took=$(since "$begun")
  STEPS+=("$name" "$took")
  note "$name: $took s"
}

# audit RESULT
audit() {
  local line
  line=$(host_py entry who="$WHO" host="$(hostname)" from="${FROM:+$(of "$FROM" FARGATE_RELEASE)}" \
    from_image="${FROM:+$(of "$FROM" IMAGE)}" to="${RELEASE:-$WANTED}" to_image="${IMAGE:-}" colour="${TO:-}" \
    result="$1" step="${STEP:-}" reason="${FAILURE:-}" cut="${CUT:-}" snapshot="${RESTORE:+$(way_back)}" \
    seconds="$(since "$BEGUN")" -- "${STEPS[@]}")
  echo "$line" >>"$AUDIT"
  aws s3 cp --only-show-errors - "s3://$DEPLOY_BUCKET/releases/audit/$(date -u +%Y%m%dT%H%M%SZ)-$(hostname)-$$.json" <<<"$line" ||
    echo "warning: the audit is in $AUDIT only: s3://$DEPLOY_BUCKET was not written" >&2
}
