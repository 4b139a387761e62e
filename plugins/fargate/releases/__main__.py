"""What a deploy asks of the image that it deploys: ``python -m fargate.releases COMMAND``.

Prints JSON lines on stdout, and words on stderr.
"""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from fargate import settings
from fargate.releases import archive, definition, needed, parsed, record

DONE, BUG, USAGE, UNREACHABLE, IMAGE, DAGS = 0, 1, 2, 4, 5, 7
AGAIN_S = 10.0
BY_DIGEST = re.compile(r"[^@\s]+@(sha256:[0-9a-f]{64})")

Line = dict[str, Any]


class NotOfTheImage(ValueError):
    """A release whose name does not fit its image."""


def main(arguments: list[str], out: TextIO = sys.stdout) -> int:
    """Run a command; return its exit code."""
    given = _arguments(arguments)
    try:
        _release()
        found, code = COMMANDS[given.command](given)
    except (settings.MissingSetting, settings.IllegalSetting) as error:
        return _refuse(error, USAGE)
    except (archive.OtherCode, NotOfTheImage) as error:
        return _refuse(error, IMAGE)
    except (parsed.NoDags, record.UnknownRelease) as error:
        return _refuse(error, DAGS)
    except Exception as error:
        if not _is_unreachable(error):
            raise
        return _refuse(error, UNREACHABLE)
    for line in found:
        print(json.dumps(line, sort_keys=True), file=out)
    return code


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fargate.releases", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("blocked", help="what in the database this release would break")
    one.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="look again for so long")
    one.add_argument("--imports-only", action="store_true", help="whether its DAGs can be imported, and nothing else")
    commands.add_parser("archive", help="put this image's code into S3")
    one = commands.add_parser("register", help="register the worker's task definition, write the record")
    one.add_argument("--image", required=True, help="REPOSITORY@sha256:DIGEST")
    one.add_argument("--revision", default="unknown")
    one = commands.add_parser("show", help="the record of a release")
    one.add_argument("release", nargs="?", help="its name, or current; this one's without")
    commands.add_parser("serve", help="say that this release is the one that serves")
    commands.add_parser("needed", help="which releases runs need")
    return parser.parse_args(arguments)


def _refuse(error: Exception, code: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    return code


def _is_unreachable(error: Exception) -> bool:
    import psycopg2
    from botocore.exceptions import BotoCoreError, ClientError
    from sqlalchemy.exc import OperationalError

    return isinstance(error, BotoCoreError | ClientError | OperationalError | psycopg2.OperationalError)


def _release() -> str:
    name = settings.release()
    if not name:
        raise settings.MissingSetting("FARGATE_RELEASE is not set: the name of the release, such as 51e8d272-3f2a91c0")
    return name


def _folders() -> tuple[Path, Path]:
    from airflow.configuration import conf

    dags, plugins = (Path(conf.get_mandatory_value("core", name)) for name in ("dags_folder", "plugins_folder"))
    return dags, plugins


def blocked(given: argparse.Namespace) -> tuple[Iterable[Line], int]:
    from fargate.releases import blocked

    deadline = time.monotonic() + given.wait
    own = parsed.dags(_folders()[0])
    if own.errors:
        lines = [{"kind": "import_error", "file": file, "error": text, "text": f"{file} cannot be imported: {text}"}
                 for file, text in own.errors.items()]  # fmt: skip
        return lines, DAGS
    if given.imports_only:
        return [], DONE
    while (found := blocked.look(own.dags)) and time.monotonic() < deadline:
        print(f"{len(found)} hindrances; looking again, for {deadline - time.monotonic():.0f} s", file=sys.stderr)
        time.sleep(min(AGAIN_S, max(0.0, deadline - time.monotonic())))
    return found, DAGS if found else DONE


def archived(_: argparse.Namespace) -> tuple[Iterable[Line], int]:
    return [archive.put(_release(), archive.make(*_folders()))], DONE


def register(given: argparse.Namespace) -> tuple[Iterable[Line], int]:
    release, by_digest = _release(), BY_DIGEST.fullmatch(given.image)
    if not by_digest:
        raise NotOfTheImage(f"--image is {given.image!r}: REPOSITORY@sha256: and 64 hexadecimal digits")
    if not release.endswith(f"-{by_digest[1].removeprefix('sha256:')[:8]}"):
        raise NotOfTheImage(f"FARGATE_RELEASE is {release!r}, and the image {given.image}: it ends in other digits")
    arn, registered = definition.register(given.image, release)
    try:
        known = record.read(release)
        made = replace(known, task_definition=arn)
    except record.UnknownRelease:
        known, made = None, _record(given.image, by_digest[1], given.revision, arn)
    if made != known:
        record.write(made)
    return [{**asdict(made), "registered": registered}], DONE


def _record(image: str, digest: str, revision: str, arn: str) -> record.Record:
    from airflow import __version__

    dags, plugins = _folders()
    return record.Record(
        release=_release(),
        digest=digest,
        image=image,
        task_definition=arn,
        revision=revision,
        airflow=__version__,
        migration_heads=parsed.migration_heads(),
        dags=parsed.dags(dags).dags,
        triggers=parsed.triggers(plugins),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def show(given: argparse.Namespace) -> tuple[Iterable[Line], int]:
    found = record.current() if given.release == "current" else record.read(given.release or _release())
    if not found:
        raise record.UnknownRelease("no release serves yet")
    return [asdict(found)], DONE


def serve(_: argparse.Namespace) -> tuple[Iterable[Line], int]:
    found = record.read(_release())
    record.serve(found)
    return [asdict(found)], DONE


def need(_: argparse.Namespace) -> tuple[Iterable[Line], int]:
    return [each.told() for each in needed.ask(settings.direct_database())], DONE


COMMANDS = {
    "blocked": blocked,
    "archive": archived,
    "register": register,
    "show": show,
    "serve": serve,
    "needed": need,
}

if __name__ == "__main__" and __package__:  # a loader that takes files by their names has the first as well
    lines = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Airflow writes its log to the output
    sys.exit(main(sys.argv[1:], lines))
