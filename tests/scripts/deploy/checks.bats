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
  [[ $output == *"a newer Airflow was here"*"maintenance.sh on, restore the database (the snapshot that the host which migrated has named"* ]]
  echo "snapshot s; to go back: restore s" >"$STATE/migration"
  MIGRATE=yes run schema
  [[ $output == *"maintenance.sh on, restore the database (snapshot s; to go back: restore s)"* ]]
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

@test "an empty database has nothing to break, but DAGs have to be importable there too" {
  SCHEMA=empty WAIT=yes
  dags
  [ "$(calls)" = "tool $GREEN_IMAGE blocked --imports-only" ]
  tool() { return 7; }
  run dags
  [ "$status" = 7 ]
  [[ $output == *"r-green would break what runs, or has a DAG that cannot be imported"* ]]
}

# takes CONNECTIONS RESERVED
takes() {
  connections "{\"connections\": {\"takes\": $1, \"reserved\": $2}}"
}

@test "connections are counted as docker/README.md counts them" {
  local hosts wanted
  while read -r hosts wanted; do
    HOSTS=$hosts run takes 5000 5
    [ "$status" = 0 ]
    [[ $output == *"connections: up to $wanted of 4995" ]]
  done < <(sed -n 's/^| \([1-9]\) | \([0-9]*\) | [0-9]* .*/\1 \2/p' "$ROOT/docker/README.md")
  [ -z "$hosts$wanted" ] # read to the end
  [ "$(sed -n '/^| [1-9] | [0-9]* |/p' "$ROOT/docker/README.md" | wc -l)" = 4 ]
}

@test "a database that takes too few is refused, with the figures and the settings" {
  takes 156 5
  run takes 155 5
  [ "$status" = 4 ]
  [[ $output == *"takes 155 connections, 5 of them for itself, and this deploy may need 151: 2 times 73 for HOSTS=1"* ]]
  [[ $output == *"api-server 30 (API_WORKERS=1 times 3 pools of POOL_SIZE=5 and POOL_OVERFLOW=5), scheduler 21"* ]]
  [[ $output == *"Set airflow_max_connections in Terraform to 156 or more"* ]]
  API_WORKERS=2 run takes 156 5
  [[ $status == 4 && $output == *"may need 211: 2 times 103"*"api-server 60"* ]]
  POOL_SIZE=3 POOL_OVERFLOW=2 HOSTS=3 run takes 200 5
  [[ $status == 4 && $output == *"may need 197: 4 times 48 for HOSTS=3"* ]]
}

@test "they are counted before a deploy touches anything, and not where an older release does not tell" {
  tool() { echo '{"state": "equal", "airflow": "3.3.2", "connections": {"takes": 100, "reserved": 3}}'; }
  run schema
  [[ $status == 4 && $output == *"takes 100 connections"* ]]
  database equal
  run schema
  [[ $status == 0 && -z $output ]]
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
