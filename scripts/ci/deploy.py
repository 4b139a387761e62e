"""Deploy an image on the hosts of an environment, one host after the other.

DIGEST is sha256:…; IMAGE_DIGEST when none is given. --wait and --migrate are those of scripts/deploy.sh. ALLOW_OLDER=1
deploys an older commit than what runs. The variables are those of `scripts/ci/variables deploy`.

exit codes: those of scripts/deploy.sh on the first host where it fails (later hosts are left alone); 4 also when AWS or
a host is not reached.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from scripts.ci import handover, hosts, identity, registry, variables
from scripts.ci.place import Place
from scripts.ci.stop import Stop, told

RESULT = Path(__file__).resolve().parents[2] / "deploy.env"
NEXT = {
    2: "what was asked for, or a setting of the host, is not right",
    3: "another deploy has the lock: wait for it, then run this job again",
    4: "the host, the registry or the database is not ready; nothing was changed",
    5: "the image is refused; nothing was changed. An older commit than what runs needs ALLOW_OLDER=1, as a variable "
    "of this job",
    6: "the database's schema is another than the image's: scripts/ci/deploy {environment} {digest} --migrate",
    7: "DAGs that run would break; nothing was changed. scripts/ci/deploy {environment} {digest} --wait waits for them",
    8: "the new release was not healthy; the old one serves",
    9: "nginx refused the switch; the old release serves",
    10: "the new release did not hold after the switch, and was taken back; the old one serves",
    11: "it was interrupted, and undone; run this job again",
    12: "the new release serves; something after that failed, which the next deploy does again",
    hosts.LOST: "ssh itself failed: is the host's key the one in DEPLOY_KNOWN_HOSTS, is DEPLOY_SSH_KEY in its "
    "authorized_keys, and is there a way to it? When it was lost in the middle, the host undoes the deploy; "
    "scripts/status.sh on it tells",
}


def main(arguments: list[str]) -> int:
    usage, _, epilog = (__doc__ or "").partition("\n\n")
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="scripts/ci/deploy", description=usage, epilog=epilog, formatter_class=layout)
    parser.add_argument("environment")
    parser.add_argument("digest", nargs="?", default=os.environ.get("IMAGE_DIGEST", ""))
    parser.add_argument("--wait", action="store_const", const="--wait", default="")
    parser.add_argument("--migrate", action="store_const", const="--migrate", default="")
    options = parser.parse_args(arguments)
    more = [word for word in (options.wait, options.migrate) if word]
    return told(lambda: deploy(options.environment, options.digest, more))


def deploy(environment: str, image: str, more: list[str]) -> None:
    variables.require("deploy", os.environ)
    digest, place = registry.digest(image), Place.read(environment)
    asked = ["deploy", digest, *more, hosts.who()]
    if os.environ.get("ALLOW_OLDER") == "1":
        asked.append("--allow-older")
    with identity.role(place.role("ci-deploy"), place.region):
        print(f"==> {handover.upload(place)} files to s3://{place.deploy_bucket}/host/", flush=True)
        one_by_one(place, asked, digest)


def one_by_one(place: Place, asked: list[str], digest: str) -> None:
    """Have each host do it, and none after the first that cannot.

    :raises Stop: with the host's exit code
    """
    every, done = hosts.of(place), list[str]()
    with hosts.way() as way:
        for host in every:
            print(f"==> {host.name}: {' '.join(asked)}", flush=True)
            began = time.monotonic()
            code = hosts.run(way, host, *asked)
            if code:
                raise Stop(4 if code == hosts.LOST else code, _failed(place, host, code, digest, done, len(every)))
            done.append(host.name)
            print(f"==> {host.name}: done after {time.monotonic() - began:.0f} s", flush=True)
    # the address that GitLab shows beside the environment
    RESULT.write_text(f"AIRFLOW_DOMAIN={place.domain}\n")


def _failed(place: Place, host: hosts.Host, code: int, digest: str, done: list[str], count: int) -> str:
    words = NEXT.get(code, "see above").format(environment=place.environment, digest=digest)
    text = f"{host.name} ended with {code}: {words}"
    if done:
        text += (
            f"\n{', '.join(done)} ({len(done)} of {count} hosts) had it done already: run this job again once that is "
            f"mended, or scripts/ci/rollback {place.environment} RELEASE with the release that {host.name} still runs"
        )
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
