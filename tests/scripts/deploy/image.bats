#!/usr/bin/env bats
load host
setup() { host; }

@test "a digest is one of the deployment's repository" {
  run wanted_image "sha256:$DIGEST"
  [ "$output" = "registry.example/airflow@sha256:$DIGEST" ]
}

@test "an image by digest is taken as it is" {
  run wanted_image "other.example:5000/x/y@sha256:$DIGEST"
  [ "$output" = "other.example:5000/x/y@sha256:$DIGEST" ]
}

@test "tags and what else is no digest are refused, with what to write" {
  for wanted in latest registry.example/airflow:latest "sha256:123" "x@sha256:$DIGEST-"; do
    run wanted_image "$wanted"
    [ "$status" = 5 ]
    [[ $output == *"'$wanted' names no release: sha256:DIGEST"* ]]
  done
}

@test "a release that was deployed here is found in the audit" {
  echo '{"to": "51e8d272-3f2a91c0", "to_image": "r@sha256:1", "result": "done"}' >"$AUDIT"
  run wanted_image 51e8d272-3f2a91c0
  [ "$output" = r@sha256:1 ]
}

@test "a release that was deployed elsewhere is found in the bucket" {
  aws() { called aws "$@" && echo '{"image": "r@sha256:2"}'; }
  run wanted_image 51e8d272-3f2a91c0
  [ "$output" = r@sha256:2 ]
  [ "$(calls)" = "aws s3 cp --only-show-errors s3://bucket/releases/51e8d272-3f2a91c0/release.json -" ]
}

@test "a release that nobody knows is refused" {
  aws() { return 1; }
  run wanted_image 51e8d272-3f2a91c0
  [ "$status" = 5 ]
  [[ $output == *"no release 51e8d272-3f2a91c0 was ever deployed"* ]]
}

@test "a release is named after its commit and its digest" {
  docker() { echo 51e8d27200000000; }
  run release_of "r@sha256:3f2a91c0$DIGEST"
  [ "$output" = 51e8d272-3f2a91c0 ]
}

@test "a release without a commit is unknown" {
  docker() { echo ""; }
  run release_of "r@sha256:3f2a91c0$DIGEST"
  [ "$output" = unknown-3f2a91c0 ]
}

# ages NEW OLD: the commit times of images new and old
ages() {
  eval "label() { if [[ \$1 == new ]]; then echo '$1'; else echo '$2'; fi; }"
}

@test "an older commit is refused, a newer, the same and an unknown one are not" {
  ages 2026-01-02T00:00:00+09:00 2026-01-01T20:00:00Z
  run not_older new old
  [ "$status" = 5 ]
  [[ $output == *"ALLOW_OLDER=1"* ]]
  ages 2026-01-02T06:00:00+09:00 2026-01-01T20:00:00Z && not_older new old
  ages 2026-01-01T20:00:00Z 2026-01-01T20:00:00Z && not_older new old
  ages 2026-01-01T20:00:00Z "" && not_older new old
}

@test "an older commit is deployed when it is asked for, or nothing serves" {
  ages 2026-01-01T00:00:00Z 2026-01-02T00:00:00Z
  ALLOW_OLDER=1 not_older new old
  not_older new ""
}

# pulls SAID: docker pull fails with these words
pulls() {
  eval "docker() { [[ \$1 != pull ]] || { echo '$1'; return 1; }; }"
  registry_login() { :; }
}

@test "what a pull says becomes an exit code" {
  pulls "manifest unknown: not found" && run pull image
  [ "$status" = 5 ]
  [[ $output == *"there is no image image"* ]]
  pulls "write /x: no space left on device" && run pull image
  [ "$status" = 4 ]
  pulls "connection refused" && registry_reachable() { return 7; } && run pull image
  [ "$status" = 4 ]
  [[ $output == *"does not answer"* ]]
  pulls "denied" && registry_reachable() { :; } && run pull image
  [ "$status" = 5 ]
}

@test "the login is the credential helper's where one is configured" {
  echo '{"credHelpers": {"registry.example": "ecr-login"}}' >"$DOCKER_CONFIG/config.json"
  registry_login registry.example/airflow@sha256:1
  [ -z "$(calls)" ]
}

@test "else ECR gives a token, which is on no command line" {
  aws() { called aws "$@" && echo token; }
  docker() { called docker "$@" "< $(cat)"; }
  registry_login registry.example/airflow@sha256:1
  [ "$(calls | sort)" = "aws ecr get-login-password
docker login --username AWS --password-stdin registry.example < token" ]
}

@test "a registry that gives no token is an error of its own" {
  aws() { return 1; }
  docker() { return 1; }
  run registry_login registry.example/airflow@sha256:1
  [ "$status" = 4 ]
}

@test "a registry on loopback is asked without TLS" {
  registry_reachable 127.0.0.1:5000/x@sha256:1
  registry_reachable registry.example/x@sha256:1
  [[ $(calls) == *"http://127.0.0.1:5000/v2/"*"https://registry.example/v2/"* ]]
}

@test "images of the repository that nobody needs are removed" {
  docker() {
    called docker "$@"
    [[ $2 != ls ]] || printf '%s\n' r@1 r@2 r@3
  }
  prune_images r@1 r@3
  [ "$(calls | grep 'image rm')" = "docker image rm r@2" ]
}
