#!/usr/bin/env bash
# What would stop a deploy half-way, asked before it begins.

preflight() {
  disk
  memory
  registry_reachable "$IMAGE" || fail 4 "the registry $(registry_of "$IMAGE") does not answer: is there a route to it?"
  [[ -n $FROM ]] || return 0
  nginx_version_ok || fail 4 "nginx would lose requests: see above"
  nginx_is_current || note "nginx is not what NGINX_IMAGE and nginx/compose.yml say: this deploy puts another one in its place"
}

disk() {
  local folder free
  folder=$(docker info --format '{{.DockerRootDir}}') || fail 4 "docker does not answer: systemctl status docker"
  free=$(df --output=avail --block-size=1M "$folder" | tail -n 1)
  ((free >= MIN_DISK_MB)) ||
    fail 4 "$((free)) MB are free below $folder, and MIN_DISK_MB is $MIN_DISK_MB: docker system df shows what takes the space"
}

memory() {
  local free
  free=$(awk '/^(MemAvailable|SwapFree):/ { sum += $2 } END { print int(sum / 1024) }' "${MEMINFO:-/proc/meminfo}")
  ((free >= MIN_MEMORY_MB)) ||
    fail 4 "$free MB of memory and swap are free, and MIN_MEMORY_MB is $MIN_MEMORY_MB: two colours have to fit"
}

# secrets COLOUR: fetched for it; those that both colours have to share are what the other one has
secrets() {
  local files
  files=$(tool "$IMAGE" secrets) || fail "$?" "the secrets cannot be read: see above"
  unpack_secrets "$1" <<<"$files"
  [[ -z $FROM || ${ALLOW_OTHER_SECRETS:-} == 1 ]] || same_secrets "$FROM" "$1"
}

# unpack_secrets COLOUR: from standard input
unpack_secrets() {
  host_py unpack "secrets.env=$STATE/$1/secrets.env" "jwks.json=$STATE/$1/jwks.json" \
    "certificate.pem=$TLS_DIR/certificate.pem" "key.pem=$TLS_DIR/key.pem"
  # local tasks read it, who trust no other
  chmod 644 "$TLS_DIR/certificate.pem"
  # Airflow reads it, as the containers' user
  chown 50000 "$STATE/$1/jwks.json"
}

# same_secrets OLD NEW: either colour knows what the other encrypts and signs with
same_secrets() {
  local one other different=()
  for one in "$1 $2" "$2 $1"; do
    other=${one#* } one=${one% *}
    [[ ,$(secret_of "$one" AIRFLOW__CORE__FERNET_KEY), == *,$(first_of "$other" AIRFLOW__CORE__FERNET_KEY),* ]] ||
      different+=(AIRFLOW__CORE__FERNET_KEY)
    grep -qsF "\"$(secret_of "$other" AIRFLOW__API_AUTH__JWT_KID)\"" "$STATE/$one/jwks.json" ||
      different+=(AIRFLOW__API_AUTH__JWT_SECRET)
    [[ $(secret_of "$one" AIRFLOW__API__SECRET_KEY) == "$(secret_of "$other" AIRFLOW__API__SECRET_KEY)" ]] ||
      different+=(AIRFLOW__API__SECRET_KEY)
  done
  ((${#different[@]} == 0)) ||
    fail 4 "in Secrets Manager $(printf '%s\n' "${different[@]}" | sort -u | paste -sd ' ') is another than that with which $(of "$1" FARGATE_RELEASE) runs: tokens of running tasks would not be known. Put the old value back, and replace it by rotate.sh"
}

# secret_of COLOUR NAME
secret_of() {
  sed -n "s/^$2='\(.*\)'\$/\1/p" "$STATE/$1/secrets.env"
}

# the first of several is the one that is used
first_of() {
  local all
  all=$(secret_of "$@")
  echo "${all%%,*}"
}
