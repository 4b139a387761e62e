#!/usr/bin/env bash
# The settings of a host: settings.env, which Terraform writes, and deploy.env beside it, which is yours and
# wins. They are read, never run; what is missing or malformed is named, all of it at once. Of what neither
# file has, the environment may have it, for one deploy.

PROBLEMS=()

# rule NAME DEFAULT PATTERN MEANING: "-" is no default. What nginx alone needs, nginx.sh checks.
rules() {
  # Compose reads these files too, and expands what has a $
  local number='[0-9]{1,6}' count='[1-9][0-9]{0,2}' image='(.+@)?sha256:[0-9a-f]{64}' plain="[^\$'\"]*"
  local size='[1-9][0-9]{0,7}[kmg]' networks='[0-9.]+/[0-9]{1,2}(,[0-9.]+/[0-9]{1,2})*'
  rule AWS_DEFAULT_REGION - '[a-z0-9-]+' "the AWS region, such as ap-northeast-2"
  rule DEPLOY_BUCKET - '[a-z0-9.-]+' "the S3 bucket of releases, such as airflow-production-deploy-123456789012"
  rule SECRETS_PREFIX - '[a-z0-9-]+' "how names of secrets begin, such as airflow-production"
  rule IMAGE_REPOSITORY - '[a-zA-Z0-9.:/_-]+' "the image's repository, without a tag, such as 123456789012.dkr.ecr.REGION.amazonaws.com/airflow-production/airflow"
  rule NGINX_IMAGE - "$image" "the image of docker/nginx by its digest, such as REPOSITORY@sha256:DIGEST"
  rule COMPOSE_PREFIX - '[a-z][a-z0-9-]*' "how names of containers begin, such as airflow"
  rule HOSTS 1 "$count" "the number of hosts, which share the database's connections, such as 1"
  rule ECS_EXEC false 'true|false' "whether a person may open a shell in a task (ECS Exec), as Terraform's ecs_exec says: true or false"
  rule API_WORKERS 1 "$count" "the processes of an api-server, such as 1"
  rule POOL_SIZE 5 "$count" "the connections that a pool keeps, such as 5"
  rule POOL_OVERFLOW 5 '[0-9]{1,3}' "the connections that a pool opens besides, such as 5"
  rule API_MEMORY 1500m "$size" "the memory of an api-server, such as 1500m"
  rule SCHEDULER_MEMORY 3g "$size" "the memory of the scheduler and its local tasks, such as 3g"
  rule DAG_PROCESSOR_MEMORY 1g "$size" "the memory of the dag-processor, such as 1g"
  rule TRIGGERER_MEMORY 1g "$size" "the memory of the triggerer, such as 1g"
  rule NGINX_MEMORY 512m "$size" "the memory of nginx, such as 512m"
  rule TMP_SIZE 1g "$size" "the size of /tmp in a container, such as 1g"
  rule NGINX_ADDRESS host-gateway 'host-gateway|[0-9a-f.:]+' "nginx's address for local tasks: host-gateway, or one such as 10.40.1.7"
  rule DOCKER_NETWORKS 172.16.0.0/12 "$networks" "the networks of docker, such as 172.16.0.0/12"
  rule START_S 120 "$number" "the seconds within which a container is healthy, such as 120"
  rule PARSE_S 120 "$number" "the seconds within which all DAGs are parsed, such as 120"
  rule BAKE_S 60 "$number" "the seconds for which the old release stands ready after the switch, such as 60"
  rule BAKE_ERRORS_PERCENT 5 '[0-9]{1,2}|100' "the share of answers 5xx, in percent, that takes a release back, such as 5"
  rule DRAIN_S 3600 "$number" "the seconds that running tasks get to end, such as 3600"
  rule STOP_S 130 "$number" "the seconds that an api-server gets for its last requests, such as 130"
  rule WAIT_S 3600 "$number" "the seconds that --wait waits, such as 3600"
  rule MIN_DISK_MB 3000 "$number" "the megabytes that have to be free for images, such as 3000"
  rule MIN_MEMORY_MB 1000 "$number" "the megabytes of memory and swap that a second colour needs, such as 1000"
  rule RETENTION_DAYS 90 "$number" "the days for which Airflow's database keeps what ended, such as 90"
  rule SNAPSHOT_COMMAND "" "$plain" "where the database is not RDS, a program that takes a snapshot, without \$ and quotes, such as $HOST_DIR/hooks/snapshot; its environment has the name, SNAPSHOT"
  rule RESTORE_COMMAND "" "$plain" "the program that restores SNAPSHOT, without \$ and quotes, such as $HOST_DIR/hooks/restore"
}

rule() {
  local name=$1 default=$2 pattern=$3 meaning=$4
  if [[ -z ${!name:-} && $default == - ]]; then
    PROBLEMS+=("$name is not set: $meaning")
  elif ! [[ ${!name-$default} =~ ^($pattern)$ ]]; then
    PROBLEMS+=("$name is '${!name}': $meaning")
  fi
  export "$name=${!name-$default}"
}

read_settings() {
  PROBLEMS=()
  read_lines "$HOST_DIR/settings.env"
  read_lines "$HOST_DIR/deploy.env"
  nginx_settings
  rules
  nginx_check_settings || PROBLEMS+=("nginx: see above")
  [[ -z $SNAPSHOT_COMMAND || -n $RESTORE_COMMAND ]] || PROBLEMS+=("RESTORE_COMMAND is not set, and SNAPSHOT_COMMAND is: name what restores such a snapshot")
  [[ $BLUE_PORT != "$GREEN_PORT" ]] || PROBLEMS+=("GREEN_PORT is '$GREEN_PORT', as BLUE_PORT is: each has its own")
  ((${#PROBLEMS[@]} == 0)) && return
  printf 'error: %s\n' "${PROBLEMS[@]}" >&2
  fail 2 "the settings of this host are not right: $HOST_DIR/settings.env is Terraform's, $HOST_DIR/deploy.env yours"
}

# read_lines FILE: a variable for each line NAME=value
read_lines() {
  local line
  [[ -r $1 ]] || {
    PROBLEMS+=("$1 is not there, or cannot be read: settings.env comes from terraform apply, deploy.env from docker/deploy.env")
    return 0
  }
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line =~ ^[[:space:]]*(#|$) ]] && continue
    if [[ $line =~ ^([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]]; then
      export "${BASH_REMATCH[1]}=${BASH_REMATCH[2]}"
    else
      PROBLEMS+=("$1 has the line '$line': it should be NAME=value, without spaces around the =")
    fi
  done <"$1"
}
