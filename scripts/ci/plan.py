"""Plan the infrastructure of an environment; tell what it would change.

usage: scripts/ci/plan ENVIRONMENT             compared with the state of the last apply, by the role for plans
       scripts/ci/plan ENVIRONMENT --drift     compared with what there is, by DRIFT_ROLE; fails when anything differs

Writes plan-ENVIRONMENT.tfplan, .txt and .json; the last is what GitLab shows in a merge request. Terraform 1.11 or
later is needed. exit codes: 0 planned, and without drift; 1 there is drift; 2 wrong usage or variables, 3 Terraform
failed.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from scripts.ci import identity
from scripts.ci.place import Place, tfvars
from scripts.ci.stop import Stop, told

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("create", "update", "delete")


def main(arguments: list[str]) -> int:
    usage, _, epilog = (__doc__ or "").partition("\n\n")
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="scripts/ci/plan", description=usage, epilog=epilog, formatter_class=layout)
    parser.add_argument("environment")
    parser.add_argument("--drift", action="store_true")
    options = parser.parse_args(arguments)
    return told(lambda: plan(options.environment, options.drift))


def plan(environment: str, drift: bool) -> int:
    place = Place.read(environment)
    arn = os.environ.get("DRIFT_ROLE", "") if drift else place.role("ci-plan")
    if not arn:
        raise Stop(2, "DRIFT_ROLE is not set: scripts/ci/variables nightly says what it is")
    with identity.role(arn, place.region):
        os.environ["TF_DATA_DIR"] = str(ROOT / ".local" / "terraform" / environment)
        for command in commands(place, drift):
            terraform(*command)
        shown = json.loads(terraform("show", "-json", _plan(place), quiet=True))
        (ROOT / f"plan-{environment}.txt").write_text(terraform("show", "-no-color", _plan(place), quiet=True))
    changes = changed(shown)
    (ROOT / f"plan-{environment}.json").write_text(json.dumps(summary(changes)) + "\n")
    print(f"==> {environment}: {told_of(changes)}")
    for address, kinds in changes.items():
        print(f"    {'+'.join(kinds)}  {address}")
    return 1 if drift and changes else 0


def commands(place: Place, drift: bool) -> list[list[str]]:
    """Return the arguments of Terraform, one command after the other."""
    state = [f"-backend-config={name}={value}" for name, value in place.state.items()]
    # the role for plans may read the state and nothing of what it is about, and takes no lock
    compare = [] if drift else ["-refresh=false"]
    return [
        ["init", "-input=false", "-reconfigure", *state],
        [
            *("plan", "-input=false", "-lock=false", *compare, f"-var-file={tfvars(place.environment)}"),
            *("-no-color", f"-out={_plan(place)}"),
        ],
    ]


def _plan(place: Place) -> str:
    return str(ROOT / f"plan-{place.environment}.tfplan")


def terraform(*arguments: str, quiet: bool = False) -> str:
    """Run Terraform in infra/; return what it printed where that is not shown.

    :raises Stop: when it fails
    """
    command = ["terraform", f"-chdir={ROOT / 'infra'}", *arguments]
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE if quiet else None, text=True)
    except FileNotFoundError:
        raise Stop(3, "terraform is not installed here: the job's image needs Terraform 1.11 or later")
    if result.returncode:
        raise Stop(3, f"terraform {arguments[0]} ended with {result.returncode}: see above")
    return result.stdout or ""


def changed(shown: dict[str, Any]) -> dict[str, list[str]]:
    """Return what a plan would do, by resource, from `terraform show -json`."""
    every = {entry["address"]: entry["change"]["actions"] for entry in shown.get("resource_changes") or []}
    return {address: actions for address, actions in every.items() if actions not in (["no-op"], ["read"])}


def summary(changes: dict[str, list[str]]) -> dict[str, int]:
    """Return the report of type terraform: how many are created, updated, deleted. A replacement counts as both."""
    count = Counter(kind for kinds in changes.values() for kind in kinds if kind in KINDS)
    return {kind: count[kind] for kind in KINDS}


def told_of(changes: dict[str, list[str]]) -> str:
    return ", ".join(f"{count} to {kind}" for kind, count in summary(changes).items()) if changes else "nothing to do"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
