"""What the scripts on the host leave to Python: JSON. Standard library only, for the host's Python 3.9.

usage: host.py COMMAND ARGUMENT...    each says what it does below
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

UTC = timezone.utc  # noqa: UP017 datetime.UTC is of 3.11
LEAST_ANSWERS = 20  # fewer say nothing about a share


def main(arguments: list[str]) -> int:
    name, *rest = arguments
    return COMMANDS[name](*rest)


def field(*path: str) -> int:
    """field KEY...: the value below these keys of the object on standard input; nothing when there is none."""
    value = json.load(sys.stdin)
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    print("" if value is None else value if isinstance(value, str) else json.dumps(value))
    return 0


def lines(*path: str) -> int:
    """lines KEY...: the same for a list or an object, an entry to a line."""
    value = json.load(sys.stdin)
    for key in path:
        value = value.get(key) or []
    entries = [f"{key}: {text}" for key, text in value.items()] if isinstance(value, dict) else value
    for entry in entries:
        print(entry)
    return 0


def unpack(*places: str) -> int:
    """unpack NAME=PATH...: write the texts of the object on standard input, for the owner alone."""
    texts = json.load(sys.stdin)
    for name, _, path in (place.partition("=") for place in places):
        write(Path(path), texts[name])
    return 0


def write(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".new")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
    beside.replace(path)


def entry(*pairs: str) -> int:
    """entry NAME=TEXT... [-- STEP SECONDS...]: one line of JSON, of the audit or the journal."""
    texts, steps = (list(pairs), []) if "--" not in pairs else (list(pairs[: pairs.index("--")]), pairs)
    made: dict[str, Any] = {name: text for name, _, text in (pair.partition("=") for pair in texts)}
    made["time"] = datetime.now(UTC).isoformat(timespec="seconds")
    if steps:
        flat = pairs[pairs.index("--") + 1 :]
        made["steps"] = {name: float(seconds) for name, seconds in zip(flat[::2], flat[1::2])}  # noqa: B905 strict is of 3.10
    print(json.dumps(made))
    return 0


def errors(colour: str) -> int:
    """errors COLOUR: of nginx's log on standard input, the share of answers 5xx in percent; 0 of too few answers."""
    statuses = list(answers(sys.stdin, colour))
    bad = sum(status >= 500 for status in statuses)
    print(0 if len(statuses) < LEAST_ANSWERS else round(100 * bad / len(statuses)))
    return 0


def answers(log: Iterable[str], colour: str) -> Iterator[int]:
    """Give the status of each request that a colour answered."""
    for line in log:
        try:
            request = json.loads(line)
            if request["colour"] == colour:
                yield int(request["status"])
        except (ValueError, KeyError, TypeError):
            continue  # nginx's own words are no JSON


def before(path: str, release: str) -> int:
    """before AUDIT RELEASE: the image of the last other release that served; nothing when the audit has none."""
    others = (made for made in history(path) if made.get("result") == "done" and made.get("to") != release)
    print(next((made["to_image"] for made in reversed(list(others))), ""))
    return 0


def image(path: str, release: str) -> int:
    """image AUDIT RELEASE: the image of a release that was deployed here; nothing when there is none."""
    known = {made.get("to"): made.get("to_image", "") for made in history(path) if made.get("to_image")}
    print(known.get(release, ""))
    return 0


def history(path: str) -> Iterator[dict[str, Any]]:
    try:
        text = Path(path).read_text()
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue  # cut off when the host lost its power


def status(form: str, audit: str) -> int:
    """status table|json AUDIT: colours and activity, an object to a line of standard input, and the last deploys."""
    parts = [json.loads(line) for line in sys.stdin if line.strip()]
    colours = [part for part in parts if "colour" in part]
    activity: dict[str, Any] = next((part for part in parts if "tasks" in part), {"tasks": [], "runs": []})
    whole = {"colours": colours, **activity, "deploys": list(history(audit))[-5:]}
    if form == "json":
        print(json.dumps(whole, indent=2))
        return 0
    table("COLOUR STATE RELEASE DIGEST CONTAINERS", [[colour[key] for key in COLOUR] for colour in colours])
    table("RELEASE LANE STATE TASKS", [[row[key] for key in TASK] for row in whole["tasks"]])
    table("RELEASE UNFINISHED-RUNS", [[row["release"], row["count"]] for row in whole["runs"]])
    table("TIME WHO FROM TO RESULT SECONDS", [[deploy.get(key, "") for key in DEPLOY] for deploy in whole["deploys"]])
    return 0


COLOUR = ("colour", "state", "release", "digest", "containers")
TASK = ("release", "lane", "state", "count")
DEPLOY = ("time", "who", "from", "to", "result", "seconds")


def table(heads: str, rows: list[list[Any]]) -> None:
    texts = [heads.split(), *([str(cell) or "-" for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(texts[0]))]
    for row in texts:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())  # noqa: B905
    print()


COMMANDS = {function.__name__: function for function in (field, lines, unpack, entry, errors, before, image, status)}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
