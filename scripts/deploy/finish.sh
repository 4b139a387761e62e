#!/usr/bin/env bash
# However a deploy ends: what it began is undone or finished, the audit gets its line, the lock is free.

# how far it is, which says what there is to undo: nothing, before, quiet, migrated, closed, switched, done
POINT=nothing

finish() {
  local code=$1 result=failed
  set +e
  trap '' INT TERM HUP
  trap - EXIT
  ((code == 0)) && result="done"
  [[ $code =~ ^([02-9]|1[01])$ ]] || code=$KIND
  if ((code != 0)); then
    [[ $POINT == nothing || $POINT == "done" ]] || echo "error: it failed in the step '$STEP'" >&2
    "undo_$POINT"
    [[ $POINT == switched && $code != 11 ]] && code=10
    [[ $POINT == "done" ]] && code=12
  fi
  [[ -z ${AUDITED:-} ]] || audit "$result"
  # where the page stays, the next deploy and the next boot have to know why
  [[ -z $JOURNALING || -n $MAINTENANCE ]] || close_journal
  unlock
  exit "$code"
}

undo_nothing() {
  [[ -z $MAINTENANCE ]] || page_stays
}

# the old release serves, and was not touched
undo_before() {
  say "the new colour is stopped; $(old_release) was not touched"
  if [[ -n $FROM ]]; then remove "$TO"; else nobody; fi
}

undo_quiet() {
  say "back to ${FROM:-nothing}; the schema was not changed"
  if [[ -z $FROM ]]; then
    nobody && MAINTENANCE=""
    return
  fi
  remove "$TO"
  start "$FROM" "${SERVICES[@]}"
  if until_healthy "$FROM" "${SERVICES[@]}" && nginx_switch "$FROM" serving; then
    MAINTENANCE=""
  else
    echo "error: $FROM did not come back, and the maintenance page stays: the next deploy, or $HOST_DIR/scripts/boot.sh, tries again" >&2
  fi
}

# the old release does not know the new schema, and whoever restores the old one needs it for himself
undo_migrated() {
  if [[ -n $FROM ]]; then
    nginx_switch "$FROM" maintenance
    stop "$FROM" "$STOP_S" "${SERVICES[@]}"
  fi
  remove "$TO"
  page_stays
}

# whoever asked for the page has not taken it away
undo_closed() {
  undo_migrated
}

page_stays() {
  if [[ $MAINTENANCE == migrated ]]; then
    echo "error: the database's schema was being changed, so that the maintenance page stays. To go on: deploy again with --migrate, this release or a newer one. To go back: restore the database ($(way_back)), then rm $STATE/deploy.json and deploy that release" >&2
  else
    echo "error: the maintenance page stays. A deploy of a release that fits the database ends it, and so does $HOST_DIR/scripts/maintenance.sh off, with $(old_release)" >&2
  fi
}

undo_switched() {
  if [[ -n $FROM ]]; then
    take_back "$FROM" "$TO" && echo "$FROM" >"$STATE/colour" && MAINTENANCE=""
  else
    nobody
  fi
}

# what came after it does not take a release back
# what came after it matters to nobody who asks: it is done again by hand, or by the next deploy
undo_done() {
  echo "error: $RELEASE serves; '$STEP', which comes after it, failed: see above" >&2
}

old_release() {
  if [[ -n $FROM ]]; then of "$FROM" FARGATE_RELEASE; else echo "nothing (nothing was deployed before)"; fi
}
