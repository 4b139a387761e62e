#!/usr/bin/env bash
# What a deploy is doing, for the one that comes after it was killed; and how that one puts things right.

# keep COLOUR: which colour it has to be that works if this deploy ends here, whatever ends it
keep() {
  KEEP=$1
}

journal() {
  # what a deploy before this one left is looked at first
  [[ -n $JOURNALING ]] || return 0
  host_py entry step="$1" keep="$KEEP" to="$RELEASE" who="$WHO" maintenance="${MAINTENANCE:-}" >"$STATE/deploy.json.new"
  mv "$STATE/deploy.json.new" "$STATE/deploy.json"
}

close_journal() {
  rm -f "$STATE/deploy.json"
}

# heal: after a deploy that was killed in the middle, or a host that went down under it
heal() {
  local colour step page
  [[ -s $STATE/deploy.json ]] || return 0
  colour=$(host_py field keep <"$STATE/deploy.json") step=$(host_py field step <"$STATE/deploy.json")
  page=$(host_py field maintenance <"$STATE/deploy.json")
  if [[ $page == closed ]]; then
    note "Airflow is out of use on this host: maintenance.sh was asked for it"
    MAINTENANCE=closed
    return 0
  fi
  note "the deploy of $(host_py field to <"$STATE/deploy.json") ended in the middle of '$step'"
  if [[ $page == migrated ]]; then
    [[ -n $MIGRATE ]] ||
      fail 6 "it had begun to change the database's schema. To go on: deploy with --migrate, that release or a newer one. To go back: restore the database ($(way_back)), then rm $STATE/deploy.json and deploy that release"
    MAINTENANCE=migrated
    return 0
  fi
  if [[ -n $colour ]]; then
    converge "$colour" || return
  else
    nobody
  fi
  close_journal
}

# converge COLOUR: it serves, has the control plane, and nothing of the other is left
converge() {
  local colour=$1 rest
  rest=$(other "$colour")
  note "$colour ($(of "$colour" FARGATE_RELEASE)) is to work, and $rest not"
  start "$colour" api-server
  { until_healthy "$colour" api-server && warm "$colour"; } || return
  point_nginx "$colour" || return
  let_go "$rest"
  stop "$rest" 30 dag-processor
  start "$colour" dag-processor scheduler triggerer
  until_healthy "$colour" "${SERVICES[@]}" || return
  stay "$colour"
  drain "$rest"
  nginx_drain || true
  remove "$rest"
  echo "$colour" >"$STATE/colour"
}

# before anything ever served
nobody() {
  remove blue
  remove green
  nginx_stop 2>/dev/null || true
  placeholder start
}

# point_nginx COLOUR [MODE]: whether it runs already or not
point_nginx() {
  nginx_single
  if nginx_colour >/dev/null; then
    nginx_switch "$1" "${2:-serving}"
  else
    placeholder stop
    nginx_render "$1" "${2:-serving}" && nginx_start
  fi
}

# placeholder start|stop: the page that says that nothing is deployed has nginx's port
placeholder() {
  systemctl cat airflow-placeholder.service >/dev/null 2>&1 || return 0
  systemctl "$1" airflow-placeholder.service
}
