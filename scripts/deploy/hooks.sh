#!/usr/bin/env bash
# What a team wants to happen before and after a deploy: executable files hooks/pre-deploy and hooks/post-deploy.

# hook NAME: it gets RELEASE, FROM (a release, or nothing) and COLOUR by its environment
hook() {
  local file=$HOST_DIR/hooks/$1
  [[ -e $file ]] || return 0
  [[ -x $file ]] || {
    echo "error: $file is not executable: chmod +x $file" >&2
    return 1
  }
  RELEASE=$RELEASE FROM=${FROM:+$(of "$FROM" FARGATE_RELEASE)} COLOUR=$TO "$file" 9>&- || {
    echo "error: $file ended with $?" >&2
    return 1
  }
}
