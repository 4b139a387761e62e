#!/usr/bin/env bash
# However a deploy ends: what it began is undone or finished, the audit gets its line, the lock is free.

# how far it is, which says what there is to undo: nothing, before, quiet, migrated, switched, done
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
  fi
  [[ -z ${AUDITED:-} ]] || audit "$result"
  [[ -z $JOURNALING ]] || close_journal_unless_migrated
  unlock
  exit "$code"
}

undo_nothing() {
  :
}

# the old release serves, and was not touched
undo_before() {
  say "the new colour is stopped; $(old_release) was not touched"
  if [[ -n $FROM ]]; then remove "$TO"; else nobody; fi
}

undo_quiet() {
  say "back to ${FROM:-nothing}; the schema was not changed"
  remove "$TO"
  start "$FROM" "${SERVICES[@]}"
  until_healthy "$FROM" "${SERVICES[@]}" && nginx_switch "$FROM" serving
}

# the old release does not know the new schema
undo_migrated() {
  local code
  nginx_switch "$FROM" maintenance
  remove "$TO"
  echo "error: the database's schema was being changed, so that the maintenance page stays. To go back: restore the database ($(cat "$STATE/migration")), then rm $STATE/deploy.json and deploy $(old_release). To go on: deploy again with --migrate" >&2
}

undo_switched() {
  if [[ -n $FROM ]]; then
    take_back "$FROM" "$TO" && echo "$FROM" >"$STATE/colour"
  else
    nobody
  fi
}

# what came after it does not take a release back
undo_done() {
  :
}

old_release() {
  if [[ -n $FROM ]]; then of "$FROM" FARGATE_RELEASE; else echo "nothing (nothing was deployed before)"; fi
}

close_journal_unless_migrated() {
  [[ $POINT == migrated ]] || close_journal
}
