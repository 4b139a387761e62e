#!/usr/bin/env bats
load host
setup() { host; }

@test "settings that are right are taken, and the rest has defaults" {
  [ "$START_S" = 3 ]
  [ "$WAIT_S" = 3600 ]
  [ "$COMPOSE_PREFIX" = airflow ]
  [ "$HOSTS $API_WORKERS $POOL_SIZE $POOL_OVERFLOW" = "1 1 5 5" ]
}

@test "how many hosts there are is Terraform's to say, and a number" {
  echo "HOSTS=2" >>"$HOST_DIR/settings.env"
  read_settings
  [ "$HOSTS" = 2 ]
  echo "HOSTS=0" >>"$HOST_DIR/deploy.env"
  echo "POOL_SIZE=many" >>"$HOST_DIR/deploy.env"
  run read_settings
  [ "$status" = 2 ]
  [[ $output == *"HOSTS is '0': the number of hosts"*"POOL_SIZE is 'many'"* ]]
}

@test "who may use the Execution API is Terraform's to say, and a line of the host's own wins" {
  [ "$EXECUTION_NETWORKS" = 10.40.0.0/16,172.16.0.0/12 ]
  echo "EXECUTION_NETWORKS=10.9.0.0/20" >>"$HOST_DIR/deploy.env"
  read_settings
  [ "$EXECUTION_NETWORKS" = 10.9.0.0/20 ]
}

@test "networks that neither file has are named, with where they come from" {
  unset EXECUTION_NETWORKS
  sed -i /EXECUTION_NETWORKS/d "$HOST_DIR/settings.env"
  run read_settings
  [ "$status" = 2 ]
  [[ $output == *"EXECUTION_NETWORKS is not set: settings.env of terraform apply has it"* ]]
}

@test "ECS Exec is on or off" {
  [ "$ECS_EXEC" = false ]
  echo "ECS_EXEC=True" >>"$HOST_DIR/settings.env"
  run read_settings
  [ "$status" = 2 ]
  [[ $output == *"ECS_EXEC is 'True'"*"true or false"* ]]
}

@test "memory, sizes and networks are looked at before Compose sees them" {
  [ "$SCHEDULER_MEMORY $TMP_SIZE $NGINX_ADDRESS" = "3g 1g host-gateway" ]
  printf '%s\n' SCHEDULER_MEMORY=3gb TMP_SIZE=0 NGINX_ADDRESS=nginx DOCKER_NETWORKS=172.16.0.0 >>"$HOST_DIR/deploy.env"
  run read_settings
  [ "$status" = 2 ]
  [[ $output == *"SCHEDULER_MEMORY is '3gb'"*"such as 3g"* ]]
  [[ $output == *"TMP_SIZE is '0'"*"NGINX_ADDRESS is 'nginx'"*"DOCKER_NETWORKS is '172.16.0.0'"* ]]
}

@test "every required setting that is missing is named, all at once" {
  unset DEPLOY_BUCKET SECRETS_PREFIX
  sed -i '/DEPLOY_BUCKET\|SECRETS_PREFIX/d' "$HOST_DIR/settings.env"
  run read_settings
  [ "$status" = 2 ]
  [[ $output == *"DEPLOY_BUCKET is not set: the S3 bucket"*"SECRETS_PREFIX is not set"* ]]
}

@test "a malformed setting is named, with its value and an example" {
  echo "BAKE_S=a minute" >>"$HOST_DIR/deploy.env"
  run read_settings
  [ "$status" = 2 ]
  [[ $output == *"BAKE_S is 'a minute'"*"such as 60"* ]]
}

@test "nginx's image by a tag is refused" {
  echo "NGINX_IMAGE=nginx:latest" >>"$HOST_DIR/deploy.env"
  run read_settings
  [ "$status" = 2 ]
  [[ $output == *"NGINX_IMAGE is 'nginx:latest'"*"by its digest"* ]]
}

@test "a line that is no setting is shown" {
  echo "BAKE_S = 3" >>"$HOST_DIR/deploy.env"
  run read_settings
  [ "$status" = 2 ]
  [[ $output == *"has the line 'BAKE_S = 3'"* ]]
}

@test "values are read, not run" {
  echo "AIRFLOW__A__B=\$(touch $BATS_TEST_TMPDIR/ran)" >>"$HOST_DIR/deploy.env"
  read_settings
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
  [ "$AIRFLOW__A__B" = "\$(touch $BATS_TEST_TMPDIR/ran)" ]
}

@test "the programs of a snapshot go together, and have no \$ that Compose would expand" {
  echo 'SNAPSHOT_COMMAND=/opt/airflow/hooks/snapshot' >>"$HOST_DIR/deploy.env"
  run read_settings
  [ "$status" = 2 ]
  [[ $output == *"RESTORE_COMMAND is not set, and SNAPSHOT_COMMAND is"* ]]
  echo 'RESTORE_COMMAND=pg_restore /backup/$SNAPSHOT' >>"$HOST_DIR/deploy.env"
  run read_settings
  [ "$status" = 2 ]
  [[ $output == *"RESTORE_COMMAND is 'pg_restore /backup/\$SNAPSHOT'"*"without \$ and quotes"* ]]
  echo 'RESTORE_COMMAND=/opt/airflow/hooks/restore' >>"$HOST_DIR/deploy.env"
  read_settings
}

@test "one port for both colours is refused" {
  echo "GREEN_PORT=8081" >>"$HOST_DIR/deploy.env"
  run read_settings
  [ "$status" = 2 ]
  [[ $output == *"GREEN_PORT is '8081', as BLUE_PORT is"* ]]
}

@test "a file that is not there is named, with where it comes from" {
  rm "$HOST_DIR/deploy.env"
  run read_settings
  [ "$status" = 2 ]
  [[ $output == *"$HOST_DIR/deploy.env is not there"*"docker/deploy.env"* ]]
}

@test "what nginx needs is checked with the rest" {
  echo "EXECUTION_NETWORKS=everywhere" >>"$HOST_DIR/deploy.env"
  run read_settings
  [ "$status" = 2 ]
  [[ $output == *'EXECUTION_NETWORKS is "everywhere"'* ]]
}
