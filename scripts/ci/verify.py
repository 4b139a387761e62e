"""Look whether what was deployed works, for a while; if it does not, go back to the release before.

usage: scripts/ci/verify ENVIRONMENT [DIGEST] [--no-rollback]

Runs scripts/smoke against the environment, which looks at its health page for VERIFY_S seconds (120) then. DIGEST is
IMAGE_DIGEST when none is given. AIRFLOW_URL is another address of the UI than https://DOMAIN; SMOKE_OPTIONS has further
options of scripts/smoke. Writes verify.md: who, what, how long, and what became of it.

exit codes: 0 it works, 1 it does not and the release before serves again, 2 wrong usage or variables, 4 it does not and
the way back failed: a person is needed.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from scripts.ci import hosts, identity, registry, variables
from scripts.ci.place import Place
from scripts.ci.rollback import rollback
from scripts.ci.stop import Stop, told

ROOT = Path(__file__).resolve().parents[2]
NOTE = ROOT / "verify.md"


@dataclass
class Report:
    """What is told at the end, line by line."""

    environment: str
    digest: str
    began: float = field(default_factory=time.monotonic)
    lines: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        line = f"{time.monotonic() - self.began:6.1f} s  {text}"
        self.lines.append(line)
        print(f"==> {line.strip()}", flush=True)

    def text(self) -> str:
        environment = os.environ
        who = environment.get("GITLAB_USER_NAME") or environment.get("USER") or "somebody"
        job = environment.get("CI_JOB_URL", "by hand")
        head = [f"# {self.environment}: {self.digest or 'no digest given'}", "", f"by {who}, {job}", ""]
        commit = environment.get("CI_COMMIT_SHA")
        head += [f"commit {commit}: {environment.get('CI_COMMIT_TITLE', '')}", ""] if commit else []
        return "\n".join([*head, *(f"    {line}" for line in self.lines)]) + "\n"


def main(arguments: list[str]) -> int:
    usage, _, epilog = (__doc__ or "").partition("\n\n")
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="scripts/ci/verify", description=usage, epilog=epilog, formatter_class=layout)
    parser.add_argument("environment")
    parser.add_argument("digest", nargs="?", default=os.environ.get("IMAGE_DIGEST", ""))
    parser.add_argument("--no-rollback", action="store_true", help="leave what does not work as it is")
    options = parser.parse_args(arguments)
    return told(lambda: verify(options.environment, options.digest, back=not options.no_rollback))


def verify(environment: str, image: str, back: bool) -> int:
    variables.require("deploy", os.environ)
    digest = registry.digest(image) if image else ""
    place, report = Place.read(environment), Report(environment, digest)
    try:
        if works(place, digest, report):
            return 0
        return go_back(place, report) if back else 1
    finally:
        NOTE.write_text(report.text())


def works(place: Place, digest: str, report: Report) -> bool:
    code = smoke(place, digest, os.environ.get("VERIFY_S") or "120")
    report.say("smoke test: passed" if code == 0 else f"smoke test: failed, exit code {code}; its words stand above")
    return code == 0


def smoke(place: Place, digest: str, watch: str = "0") -> int:
    """Run scripts/smoke as the role of the deploy; return its exit code.

    :param watch: for how many seconds the health page is looked at then
    """
    url = os.environ.get("AIRFLOW_URL") or place.url
    command = [str(ROOT / "scripts" / "smoke"), url, "--cluster", place.cluster, "--region", place.region]
    command += ["--digest", digest] if digest else []
    with identity.role(place.role("ci-deploy"), place.region):
        more = os.environ.get("SMOKE_OPTIONS", "").split()
        return subprocess.run([*command, "--watch", watch, *more]).returncode


def go_back(place: Place, report: Report) -> int:
    """Return the exit code. What somebody else deployed meanwhile is not taken back."""
    try:
        if report.digest and (serving := hosts.serving(place)) != report.digest:
            report.say(f"{serving} serves by now, so that nothing is taken back")
            return 1
        report.say("rolling back")
        rollback(place.environment, "", [])
    except Stop as stop:
        report.say(f"the way back failed: {stop}")
        print(f"error: {place.environment} may be broken, and the way back failed: see above", file=sys.stderr)
        return 4
    code = smoke(place, "")
    report.say(f"the release before serves again; its smoke test {'passed' if code == 0 else f'failed ({code})'}")
    print(f"error: what was deployed to {place.environment} does not work, and was taken back", file=sys.stderr)
    return 1 if code == 0 else 4


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
