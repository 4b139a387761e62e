#!/usr/bin/env bats
load host
setup() {
  host
  IMAGE=$GREEN_IMAGE RELEASE=r-green SCHEMA=equal
}

# database STATE
database() {
  eval "tool() { called tool \"\$@\"; echo '{\"state\": \"$1\", \"airflow\": \"3.3.2\"}'; }"
}

@test "an equal and an empty database go on" {
  for state in equal empty; do
    database $state
    schema
    [ "$SCHEMA $RELEASE_AIRFLOW" = "$state 3.3.2" ]
  done
}

@test "a migration has to be asked for" {
  database behind
  run schema
  [ "$status" = 6 ]
  [[ $output == *"--migrate"* ]]
  MIGRATE=yes
  schema
  [ "$SCHEMA" = behind ]
}

@test "a database of a newer Airflow is refused, also with --migrate" {
  database ahead
  MIGRATE=yes run schema
  [ "$status" = 6 ]
  [[ $output == *"Restore the snapshot"* ]]
}

@test "a comparison that fails has the tool's exit code" {
  tool() { return 4; }
  run schema
  [ "$status" = 4 ]
}

@test "what would break is refused, with --wait waited for" {
  tool() { called tool "$@" && return 7; }
  run dags
  [ "$status" = 7 ]
  WAIT=yes run dags
  [ "$(calls | tr '\n' '|')" = "tool $GREEN_IMAGE blocked|tool $GREEN_IMAGE blocked --wait 3600|" ]
}

@test "an empty database has nothing to break" {
  SCHEMA=empty
  dags
  [ -z "$(calls)" ]
}

@test "a release is published with its image and revision" {
  revision_of() { echo abc; }
  publish
  [ "$(calls)" = "tool $GREEN_IMAGE publish $GREEN_IMAGE abc" ]
  tool() { return 4; }
  run publish
  [ "$status" = 4 ]
  [[ $output == *"r-green is not published"* ]]
}
