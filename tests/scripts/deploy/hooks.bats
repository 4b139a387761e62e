#!/usr/bin/env bats
load host
setup() {
  host
  colour_has blue r-blue "$BLUE_IMAGE"
  RELEASE=r-green FROM=blue TO=green
}

@test "a hook gets the release, the one before, and the colour" {
  printf '#!/bin/sh\necho "$RELEASE $FROM $COLOUR" >%s/got\n' "$BATS_TEST_TMPDIR" >"$HOST_DIR/hooks/pre-deploy"
  chmod +x "$HOST_DIR/hooks/pre-deploy"
  hook pre-deploy
  [ "$(cat "$BATS_TEST_TMPDIR/got")" = "r-green r-blue green" ]
}

@test "a hook that fails, fails" {
  printf '#!/bin/sh\nexit 7\n' >"$HOST_DIR/hooks/pre-deploy"
  chmod +x "$HOST_DIR/hooks/pre-deploy"
  run hook pre-deploy
  [ "$status" = 1 ]
  [[ $output == *"hooks/pre-deploy ended with 7"* ]]
}

@test "no hook is no error, one that cannot be executed is" {
  hook post-deploy
  touch "$HOST_DIR/hooks/post-deploy"
  run hook post-deploy
  [ "$status" = 1 ]
  [[ $output == *"chmod +x"* ]]
}
