"""The commands, by name. Each module is imported when its command is run: Airflow takes seconds."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, TextIO

from fargate.deploy.failure import Failure
from fargate.settings import IllegalSetting, MissingSetting

# command: module.function, its arguments (--NAME= takes a value, --NAME is on or off), what it does
COMMANDS = {
    "lock": ("lock.hold", ("who", "host", "release"), "hold the lock of deploys until standard input ends"),
    "secrets": ("secret_values.files", (), "the files of secrets that the containers of a colour get"),
    "schema": ("schema.compare", (), "compare the database's migrations with those of this image"),
    "blocked": (
        "release.blocked",
        ("--wait=", "--imports-only"),
        "what of this release would break what runs (fargate.releases)",
    ),
    "publish": (
        "release.publish",
        ("image", "revision"),
        "archive the code, register the task definition, tag the image",
    ),
    "serve": ("release.serve", (), "write down that this release serves"),
    "migrate": ("schema.migrate", (), "bring the database to the migrations of this image"),
    "users": ("users.make", (), "make the users admin and rest, unless they are there"),
    "activity": ("activity.report", (), "what runs, by release: tasks, runs, triggers, control plane"),
    "local-tasks": ("activity.local_tasks", ("hostname",), "the local tasks that a scheduler's host still runs"),
    "sessions": ("activity.sessions", (), "who has the database open, but for deploys"),
    "move-runs": ("runs.move", ("release",), "move unfinished runs of a release to the newest version of their DAG"),
    "rotation": ("rotation.plan", ("secret",), "the next step of a secret's rotation"),
    "rotate": ("rotation.step", ("secret",), "do the next step of a secret's rotation"),
    "snapshot": ("snapshot.take", ("name",), "take a snapshot of the database, and wait for it"),
}


def main(arguments: list[str] | None = None) -> int:
    options = vars(_parser().parse_args(arguments))
    place = COMMANDS[options.pop("command")][0]
    out = _answers_alone()
    try:
        answer = _function(place)(**options, **({"out": out} if place == "lock.hold" else {}))
    except (Failure, IllegalSetting, MissingSetting) as error:
        print(f"error: {error}", file=sys.stderr)
        return getattr(error, "code", 2)
    if answer is not None:
        print(json.dumps(answer), file=out)
    return 0


def _answers_alone() -> TextIO:
    """Keep standard output for the answer: what Airflow logs there goes to standard error."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return out


def _function(place: str) -> Callable[..., Any]:
    module, _, name = place.partition(".")
    function: Callable[..., Any] = getattr(import_module(f"fargate.deploy.{module}"), name)
    return function


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fargate.deploy", description="What a deploy asks database and AWS")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, arguments, meaning) in COMMANDS.items():
        command = commands.add_parser(name, help=meaning, description=meaning)
        for argument in arguments:
            if argument.startswith("--") and not argument.endswith("="):
                command.add_argument(argument, action="store_true")
            else:
                command.add_argument(argument.rstrip("="))
    return parser


if __name__ == "__main__" and __package__:  # a loader that takes files by their names has the first as well
    sys.exit(main())
