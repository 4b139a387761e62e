#!/usr/bin/env bats
load host
setup() {
  host
  IMAGE=$GREEN_IMAGE FROM=blue
  colour_has blue r-blue "$BLUE_IMAGE"
  docker() { echo "$BATS_TEST_TMPDIR"; }
}

@test "a full disk stops a deploy before it begins" {
  MIN_DISK_MB=999999
  df() { printf 'Avail\n 1000\n'; }
  run disk
  [ "$status" = 4 ]
  [[ $output == *"1000 MB are free below $BATS_TEST_TMPDIR, and MIN_DISK_MB is 999999"* ]]
  MIN_DISK_MB=1000
  disk
}

@test "a docker that does not answer is named" {
  docker() { return 1; }
  run disk
  [ "$status" = 4 ]
  [[ $output == *"docker does not answer"* ]]
}

@test "swap counts as memory" {
  MEMINFO=$BATS_TEST_TMPDIR/meminfo
  printf 'MemTotal: 9999999 kB\nMemAvailable: 600000 kB\nSwapFree: 600000 kB\n' >"$MEMINFO"
  memory
  MIN_MEMORY_MB=1200
  run memory
  [ "$status" = 4 ]
  [[ $output == *"1171 MB of memory and swap are free, and MIN_MEMORY_MB is 1200"* ]]
}

@test "a registry that is down, and an nginx that loses requests, stop it too" {
  disk() { :; }
  memory() { :; }
  registry_reachable() { return 7; }
  run preflight
  [ "$status" = 4 ]
  [[ $output == *"the registry registry.example does not answer"* ]]
  registry_reachable() { :; }
  nginx_version_ok() { return 4; }
  run preflight
  [ "$status" = 4 ]
  nginx_version_ok() { :; }
  nginx_is_current() { :; }
  [ -z "$(preflight)" ]
}

@test "another nginx than deploy.env names is said, before it is put in the place of what runs" {
  stub disk memory registry_reachable nginx_version_ok
  nginx_is_current() { return 1; }
  run preflight
  [ "$status" = 0 ]
  [[ $output == *"nginx is not what NGINX_IMAGE and nginx/compose.yml say: this deploy puts another one in its place"* ]]
  FROM="" run preflight
  [ -z "$output" ]
}

# told JWT [FERNET]: Secrets Manager has these, each one or several
told() {
  TOLD=$(python3 - "$1" "${2:-f}" <<'PYTHON'
import json, sys
jwt, fernet = sys.argv[1:]
lines = {
    "AIRFLOW__CORE__FERNET_KEY": fernet, "AIRFLOW__API_AUTH__JWT_SECRET": jwt.split(",")[0],
    "AIRFLOW__API__SECRET_KEY": "a", "AIRFLOW__API_AUTH__JWT_KID": "kid-" + jwt.split(",")[0],
}
keys = {"keys": [{"kid": f"kid-{secret}"} for secret in jwt.split(",")]}
text = "".join(f"{name}='{value}'\n" for name, value in lines.items())
print(json.dumps({"secrets.env": text, "jwks.json": json.dumps(keys), "certificate.pem": "c", "key.pem": "k"}))
PYTHON
  )
  tool() { echo "$TOLD"; }
  chown() { called chown "$@"; }
}

@test "secrets are files that only root reads, and the certificate is for all" {
  FROM=""
  told jwt
  secrets green
  [ "$(stat -c %a "$STATE/green/secrets.env" "$TLS_DIR/key.pem" "$TLS_DIR/certificate.pem" | tr '\n' ' ')" = "600 600 644 " ]
  [ "$(cat "$TLS_DIR/key.pem")" = k ]
}

@test "a secret that both colours share has to be the same" {
  told old && FROM="" && secrets blue
  FROM=blue
  told old && secrets green
  told new
  run secrets green
  [ "$status" = 4 ]
  [[ $output == *"AIRFLOW__API_AUTH__JWT_SECRET is another than that with which r-blue runs"* ]]
  [[ $output != *FERNET* ]]
  ALLOW_OTHER_SECRETS=1 secrets green
}

@test "each step of a rotation is the same secret, and two at once are not" {
  FROM="" && told old fold && secrets blue && FROM=blue
  told old,new fold,fnew && secrets green
  cp -r "$STATE/green/." "$STATE/blue"
  told new,old fnew,fold && secrets green
  cp -r "$STATE/green/." "$STATE/blue"
  told new fnew && secrets green
  cp -r "$STATE/green/." "$STATE/blue"
  # the colour that serves does not know it yet
  told next,new fnext,fnew
  run secrets green
  [ "$status" = 4 ]
  [[ $output == *"Manager AIRFLOW__API_AUTH__JWT_SECRET AIRFLOW__CORE__FERNET_KEY is another"* ]]
}

@test "secrets that cannot be read stop it with the tool's exit code" {
  tool() { return 4; }
  run secrets green
  [ "$status" = 4 ]
}
