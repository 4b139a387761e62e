"""Go back to the release before, on all hosts of an environment, one after the other.

usage: scripts/ci/rollback ENVIRONMENT [RELEASE] [--wait] [--move-runs]

RELEASE is a release's name or its digest; the one that served before when none is given, or what ROLLBACK_TO says.
The options are those of scripts/rollback.sh. exit codes: as scripts/ci/deploy
"""

import argparse
import os
import re
import sys

from scripts.ci import hosts, identity, variables
from scripts.ci.deploy import one_by_one
from scripts.ci.place import Place
from scripts.ci.stop import Stop, told

RELEASE = re.compile(r"(?:[0-9a-f]{8}|unknown)-[0-9a-f]{8}|sha256:[0-9a-f]{64}")


def main(arguments: list[str]) -> int:
    usage, _, epilog = (__doc__ or "").partition("\n\n")
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="scripts/ci/rollback", description=usage, epilog=epilog, formatter_class=layout
    )
    parser.add_argument("environment")
    parser.add_argument("release", nargs="?", default=os.environ.get("ROLLBACK_TO", ""))
    parser.add_argument("--wait", action="store_const", const="--wait", default="")
    parser.add_argument("--move-runs", action="store_const", const="--move-runs", default="")
    options = parser.parse_args(arguments)
    more = [word for word in (options.release, options.wait, options.move_runs) if word]
    return told(lambda: rollback(options.environment, options.release, more))


def rollback(environment: str, release: str, more: list[str]) -> None:
    if release and not RELEASE.fullmatch(release):
        raise Stop(2, f"{release!r} names no release: it looks like 51e8d272-3f2a91c0, or sha256: and 64 digits")
    variables.require("deploy", os.environ)
    place = Place.read(environment)
    with identity.role(place.role("ci-deploy"), place.region):
        one_by_one(place, ["rollback", *more, hosts.who()], release)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
