#!/usr/bin/env bats
load host

setup() {
  host
  # shellcheck source=scripts/rotate.sh
  . "$ROOT/scripts/rotate.sh"
  set +u
  colour_has blue r-blue "$BLUE_IMAGE"
  echo blue >"$STATE/colour"
  nginx_colour() { cat "$STATE/colour"; }
  manager add
  note() { called note "$@"; }
  deploy_again() { called deploy_again && deployed; }
  deployed
}

# what serves has the secrets as they are
deployed() {
  echo "secrets of $AT" >"$STATE/blue/secrets.env"
  echo "keys of $AT" >"$STATE/blue/jwks.json"
}

# manager STEP: a Secrets Manager in which this is the next one
manager() {
  AT=$1 PAUSE=0 TRUE=false
  [[ $1 == add ]] || TRUE=true
  tool() {
    case $2 in
      rotation) echo "{\"next\": \"$AT\", \"wait_s\": $PAUSE, \"under_way\": $TRUE}" ;;
      secrets) echo "{\"secrets.env\": \"secrets of $AT\", \"jwks.json\": \"keys of $AT\"}" ;;
      rotate)
        called rotate "$AT"
        case $AT in add) AT=use ;; use) AT=drop ;; drop) AT=add ;; esac
        ;;
    esac
  }
}

@test "after each step what serves is deployed again" {
  main jwt-secret
  [ "$(calls)" = "$(printf '%s\n' "rotate add" deploy_again "rotate use" deploy_again "rotate drop" deploy_again)" ]
}

@test "a login that nobody used is dropped without a deploy" {
  manager use
  deployed
  main database-url
  [ "$(calls)" = "$(printf '%s\n' "rotate use" deploy_again "rotate drop")" ]
}

@test "one that was interrupted before its deploy goes on with it" {
  AT=use TRUE=true
  main jwt-secret
  [ "$(calls)" = "$(printf '%s\n' deploy_again "rotate use" deploy_again "rotate drop" deploy_again)" ]
}

@test "one that was interrupted before its last deploy ends with it" {
  echo "secrets of drop" >"$STATE/blue/secrets.env"
  main jwt-secret
  [ "$(calls)" = deploy_again ]
}

@test "tokens of the old secret get their time, from the last deploy on" {
  manager drop
  PAUSE=100
  deployed
  touch --date "@1000" "$STATE/colour"
  NOW=1030
  now() { echo "$NOW"; }
  sleep() { called sleep "$1"; }
  # a subshell's clock does not come back, so the time passes with each note
  note() { called note "$@" && NOW=$((NOW + 60)); }
  main jwt-secret
  order "note 70 s until no token of the old jwt-secret" "sleep 60" "note 10 s" "sleep 10" "rotate drop"
}

@test "with several hosts it goes step by step" {
  HOSTS=2
  run main jwt-secret
  [ "$status" = 2 ]
  [[ $output == *"there are 2 hosts"*"--step jwt-secret"* ]]
  run main --step jwt-secret
  [ "$status" = 0 ]
  [ "$(calls)" = "rotate add" ]
  # the next one not before this host was deployed
  AT=use TRUE=true
  run main --step jwt-secret
  [ "$status" = 4 ]
  [[ $output == *"deploy it on every host"* ]]
}

@test "what cannot be is refused with what can" {
  run main
  [ "$status" = 2 ]
  run main --what jwt-secret
  [ "$status" = 2 ]
  [[ $output == *"no option --what"* ]]
  tool() { echo "error: 'x' cannot be rotated: fernet-key can" >&2 && return 2; }
  run main x
  [ "$status" = 2 ]
  [[ $output == *"'x' cannot be rotated"* ]]
}

@test "where nothing serves there is nothing to rotate" {
  rm "$STATE/colour"
  nginx_colour() { return 1; }
  run main jwt-secret
  [ "$status" = 4 ]
  [[ $output == *"nothing serves on this host"* ]]
}
