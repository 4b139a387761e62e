#!/usr/bin/env bats
load host
setup() {
  host
  colour_has blue r-blue "$BLUE_IMAGE"
}

# engine HEALTH...: containers exist, and answer with these, the last one for ever
engine() {
  printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/health"
  docker() {
    called docker "$@"
    case "$*" in
      "ps "*) echo id ;;
      *Log* | "logs "*) echo "what it said" ;;
      *inspect*)
        head -n 1 "$BATS_TEST_TMPDIR/health"
        (($(wc -l <"$BATS_TEST_TMPDIR/health") == 1)) || sed -i 1d "$BATS_TEST_TMPDIR/health"
        ;;
    esac
  }
}

@test "the colours are each other's" {
  [ "$(other blue)" = green ]
  [ "$(other green)" = blue ]
  [ "$(other "")" = blue ]
}

@test "nginx knows which colour serves; where it does not run, the last deploy does" {
  nginx_colour() { echo green; }
  [ "$(serving_colour)" = green ]
  nginx_colour() { return 1; }
  [ -z "$(serving_colour)" ]
  echo blue >"$STATE/colour"
  [ "$(serving_colour)" = blue ]
}

@test "a colour gets the release under deploy" {
  RELEASE=r-new IMAGE=$GREEN_IMAGE RELEASE_AIRFLOW=3.3.2
  install() { called install "$@"; }
  take_colour green
  [ "$(of green FARGATE_RELEASE) $(of green IMAGE)" = "r-new $GREEN_IMAGE" ]
  [[ $(calls) == *"--owner 50000"*"$STATE/logs" ]]
}

@test "Compose gets the settings, the colour's release and its port" {
  docker() { called "COLOUR=$COLOUR PORT=$PORT docker $*"; }
  compose green ps
  [ "$(calls)" = "COLOUR=green PORT=8082 docker compose --progress quiet --env-file $HOST_DIR/settings.env --env-file $HOST_DIR/deploy.env --env-file $STATE/green/release.env --project-name airflow-green --file $HOST_DIR/scripts/compose.yml ps" ]
  compose blue ps
  [[ $(calls) == *"COLOUR=blue PORT=8081"* ]]
}

@test "what docker does not start is an unhealthy colour" {
  docker() { return 1; }
  run start blue api-server
  [ "$status" = 8 ]
}

@test "a container that is not there has no health" {
  [ "$(health blue scheduler)" = none ]
}

@test "healthy is waited for" {
  engine starting starting healthy
  until_healthy blue scheduler
}

@test "a container that ends is not waited for, and its log is shown" {
  engine starting exited
  run until_healthy blue scheduler
  [ "$status" = 1 ]
  [[ $output == *"scheduler of blue (r-blue) ended before it was healthy"*"its last health check"*"what it said"* ]]
  ((SECONDS < 3))
}

@test "a container that never gets healthy is given up after START_S" {
  engine unhealthy
  run until_healthy blue scheduler
  [ "$status" = 1 ]
  [[ $output == *"is unhealthy after 3 s"* ]]
}

@test "one that is unhealthy now is seen" {
  engine healthy unhealthy
  run all_healthy blue scheduler triggerer
  [ "$status" = 1 ]
  [[ $output == *"triggerer of blue (r-blue) is unhealthy"* ]]
}

@test "both APIs and the UI are asked before people come" {
  curl() { called "${!#}"; }
  warm green
  [ "$(calls | tr '\n' ' ')" = "http://127.0.0.1:8082/execution/health http://127.0.0.1:8082/api/v2/version http://127.0.0.1:8082/ " ]
}

@test "an api-server that does not answer is not warm" {
  curl() { [[ ${!#} != */version ]]; }
  run warm blue
  [ "$status" = 1 ]
  [[ $output == *"does not answer on /api/v2/version"* ]]
}

@test "docker restarts the colour that serves, and no other" {
  engine healthy
  stay blue
  let_go blue
  [[ $(calls) == *"docker update --restart unless-stopped id"*"docker update --restart no id"* ]]
}

@test "stopping names its time, and does nothing where there is nothing" {
  engine healthy
  stop blue 30 scheduler triggerer
  [[ $(calls) == *"docker stop --time 30 id id" ]]
  docker() { called docker "$@"; }
  : >"$CALLS"
  stop blue 30 scheduler
  [[ $(calls) != *"docker stop"* ]]
}

@test "a colour that is removed is not restarted by docker meanwhile" {
  engine healthy
  remove blue
  order "docker update --restart no" "docker stop --time 130" "down --timeout 130"
}
