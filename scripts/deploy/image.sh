#!/usr/bin/env bash
# The image of a release: which one is meant, whether it is here, what its labels say, and which may go.

# wanted_image RELEASE: print REPOSITORY@sha256:DIGEST
wanted_image() {
  local wanted=$1 digest='sha256:[0-9a-f]{64}' name='([0-9a-f]{8}|unknown)-[0-9a-f]{8}'
  if [[ $wanted =~ ^$digest$ ]]; then
    echo "$IMAGE_REPOSITORY@$wanted"
  elif [[ $wanted =~ ^[a-zA-Z0-9.:/_-]+@$digest$ ]]; then
    echo "$wanted"
  elif [[ $wanted =~ ^$name$ ]]; then
    known_image "$wanted"
  else
    echo "error: '$wanted' names no release: sha256:DIGEST (64 digits), REPOSITORY@sha256:DIGEST, or the name of a release that was deployed, such as 51e8d272-3f2a91c0. A tag can come to mean another image; its digest is shown by: docker buildx imagetools inspect $IMAGE_REPOSITORY:TAG" >&2
    return 5
  fi
}

# of a release that was deployed here, or from elsewhere
known_image() {
  local found
  found=$(host_py image "$AUDIT" "$1")
  [[ -n $found ]] || found=$(stored "releases/$1/release.json" | host_py field image 2>/dev/null) || found=""
  [[ -n $found ]] || {
    echo "error: no release $1 was ever deployed: s3://$DEPLOY_BUCKET/releases/$1/release.json is not there" >&2
    return 5
  }
  echo "$found"
}

# stored KEY: print an object of the deploy bucket; fails when there is none
stored() {
  aws s3 cp --only-show-errors "s3://$DEPLOY_BUCKET/$1" - 2>/dev/null
}

registry_of() {
  echo "${1%%/*}"
}

# The host's role gets a token for ECR: by the credential helper that setup.sh configured, or by asking.
registry_login() {
  local registry
  registry=$(registry_of "$1")
  grep -qsF "\"$registry\"" "${DOCKER_CONFIG:-$HOME/.docker}/config.json" && return
  aws ecr get-login-password | docker login --username AWS --password-stdin "$registry" >/dev/null ||
    fail 4 "no login at the registry $registry: may the host's role call ecr:GetAuthorizationToken?"
}

# pull IMAGE
pull() {
  local said
  registry_login "$1"
  said=$(docker pull --quiet "$1" 2>&1) && return
  echo "$said" >&2
  [[ $said =~ (not found|unknown|does not exist|no matching manifest) ]] &&
    fail 5 "there is no image $1: was it pushed, and not expired since?"
  [[ $said =~ (no space left) ]] && fail 4 "the disk is full: docker system df shows by what"
  registry_reachable "$1" || fail 4 "the registry $(registry_of "$1") does not answer: is there a route to it?"
  fail 5 "the image $1 cannot be pulled: see above"
}

# any answer will do: 401 says that it is one
registry_reachable() {
  local registry scheme=https
  registry=$(registry_of "$1")
  [[ $registry =~ ^(127\.0\.0\.1|localhost)(:|$) ]] && scheme=http
  curl --silent --output /dev/null --max-time 10 "$scheme://$registry/v2/"
}

# release_of IMAGE: print REVISION8-DIGEST8
release_of() {
  local revision digest=${1##*sha256:}
  revision=$(revision_of "$1")
  echo "${revision:0:8}-${digest:0:8}"
}

revision_of() {
  local revision
  revision=$(label "$1" org.opencontainers.image.revision)
  [[ $revision =~ ^[0-9a-f]{8,}$ ]] || revision=unknown
  echo "$revision"
}

label() {
  docker image inspect --format "{{with .Config.Labels}}{{index . \"$2\"}}{{end}}" "$1"
}

# commit_time IMAGE: print seconds; 0 when the image does not say
commit_time() {
  local created
  created=$(label "$1" org.opencontainers.image.created)
  [[ -n $created ]] && date --date "$created" +%s 2>/dev/null || echo 0
}

# not_older IMAGE SERVING
not_older() {
  local new old
  [[ -z $2 || ${ALLOW_OLDER:-} == 1 ]] && return
  docker image inspect "$2" >/dev/null 2>&1 || return 0
  new=$(commit_time "$1") old=$(commit_time "$2")
  ((new >= old)) ||
    fail 5 "the commit of $1 is older ($(date -u --date "@$new" +%FT%TZ)) than that of what serves ($(date -u --date "@$old" +%FT%TZ)). To go back is scripts/rollback.sh, or ALLOW_OLDER=1"
}

# prune_images IMAGE...: all of the repository but these are removed from this host
prune_images() {
  local image keep=" $* "
  while read -r image; do
    [[ $keep == *" $image "* ]] || docker image rm "$image" >/dev/null 2>&1 || note "$image is still used"
  done < <(docker image ls --digests --format '{{.Repository}}@{{.Digest}}' "$IMAGE_REPOSITORY" | sort -u)
}
