#!/usr/bin/env bats
load host
setup() {
  host
  colour_has blue r-blue "$BLUE_IMAGE"
  colour_has green r-green "$GREEN_IMAGE"
  RELEASE=r-green IMAGE=$GREEN_IMAGE
  stub start stop sick
}

# a docker whose containers are called SERVICE, and answer to a command with what is in files
engine() {
  docker() {
    called docker "$@"
    case "$*" in
      "ps "*) echo "container of ${!#}" ;;
      "exec "*parsed.json*) cat "$BATS_TEST_TMPDIR/parsed" ;;
      "exec "*) [[ -e $BATS_TEST_TMPDIR/standby ]] ;;
      *Hostname*) echo host1 ;;
      *ExitCode*) echo "${EXIT_CODE:-0}" ;;
    esac
  }
}

@test "a dag-processor stands by when it says so" {
  engine
  health() { echo starting; }
  touch "$BATS_TEST_TMPDIR/standby"
  stand_by green
  [[ $(calls) == *"start green dag-processor"* ]]
}

@test "one that ends, or never stands by, stops the deploy" {
  engine
  health() { echo exited; }
  run stand_by green
  [ "$status" = 1 ]
  health() { echo starting; }
  run stand_by green
  [ "$status" = 1 ]
  [[ $(calls) == *"sick green dag-processor ended before it stood by"*"does not stand by after 3 s"* ]]
}

@test "the old dag-processor stops before the new one's result is read" {
  engine
  echo '{"files": 2, "dags": 3, "import_errors": {}}' >"$BATS_TEST_TMPDIR/parsed"
  run parse green
  [ "$status" = 0 ]
  [[ $output == *"3 DAGs of 2 files"* ]]
  order "stop blue 30 dag-processor" parsed.json
}

@test "an import error is shown with its file" {
  engine
  echo '{"files": 1, "dags": 0, "import_errors": {"a.py": "SyntaxError: x"}}' >"$BATS_TEST_TMPDIR/parsed"
  run parse green
  [ "$status" = 1 ]
  [[ $output == *"cannot be imported by r-green"*"a.py: SyntaxError: x"* ]]
}

@test "a dag-processor that does not parse within PARSE_S stops the deploy" {
  engine
  run parse green
  [ "$status" = 1 ]
  [[ $(calls) == *"sick green dag-processor has not parsed all DAGs after 3 s"* ]]
}

@test "with several hosts another one's dag-processor may go on" {
  engine
  touch "$BATS_TEST_TMPDIR/standby"
  SECONDS=0 HANDED_AT=-30
  HOSTS=2 run elsewhere green
  [ "$status" = 0 ]
  HOSTS=1 run elsewhere green
  [ "$status" = 1 ]
}

@test "the new scheduler and triggerer start after the DAGs are parsed" {
  parse() { called parse "$@"; }
  until_healthy() { called until_healthy "$@"; }
  hand_over green
  order "parse green" "start green scheduler triggerer" "until_healthy green scheduler triggerer"
}

@test "nothing is handed over when the DAGs are not parsed" {
  parse() { return 1; }
  run hand_over green
  [ "$status" = 1 ]
  [ -z "$(calls)" ]
}

@test "a scheduler that drains gets DRAIN_S" {
  engine
  run drain blue
  [ "$status" = 0 ]
  [[ $(calls) == *"docker stop --time 20 container of"* ]]
}

@test "tasks that were cut are named" {
  EXIT_CODE=137
  engine
  tool() { called tool "$@" && echo '{"tasks": ["dag run task[-1]"]}'; }
  # the stop takes until it is killed
  eval "$(declare -f docker | sed '1s/docker/engine_docker/')"
  docker() {
    [[ $1 != stop ]] || command sleep 2
    engine_docker "$@"
  }
  sleep() { command sleep 0.05 && SECONDS=$((SECONDS + 2)); }
  run drain blue
  [[ $output == *"these local tasks were cut after 20 s (DRAIN_S):"*"dag run task[-1]"* ]]
  [[ $(calls) == *"tool $GREEN_IMAGE local-tasks host1"* ]]
}

@test "nothing is drained where nothing runs" {
  drain blue
  [[ $(calls) != *"docker stop"* ]]
}
