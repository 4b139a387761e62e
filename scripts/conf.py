"""The conf of a run, from arguments and files, and the id that a run gets from it."""

import hashlib
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.airflow_api import Exit, Problem

# Airflow's [scheduler] allowed_run_id_pattern
KEY = re.compile(r"[A-Za-z0-9_.~:+-]*")


def read_conf(text: str | None, file: str | None, pairs: Sequence[str]) -> dict[str, Any]:
    """Return the conf: that of the file, changed by that of the text, changed by the pairs."""
    conf: dict[str, Any] = {}
    if file:
        conf |= _object(_read(file), f"--conf-file {file}")
    if text:
        conf |= _object(text, "--conf")
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise Problem(Exit.USAGE, f"{pair!r} is not of the form name=value")
        conf[name] = _value(value)
    return conf


def run_id(conf: dict[str, Any], key: str = "") -> str:
    """Return the same id for the same conf and key: ``rest__KEY__DIGEST``."""
    if not KEY.fullmatch(key):
        raise Problem(Exit.USAGE, f"--key {key!r}: letters, digits and _.~:+- are allowed")
    canonical = json.dumps(conf, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:12]
    return "__".join(filter(None, ("rest", key, digest)))


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(Exit.USAGE, f"--conf-file {file}: {error}") from None


def _object(text: str, source: str) -> dict[str, Any]:
    try:
        value = _json(text)
    except ValueError as error:
        raise Problem(Exit.USAGE, f"{source} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Problem(Exit.USAGE, f"{source} is a JSON {type(value).__name__}; a conf is an object such as {{}}")
    return value


def _value(text: str) -> Any:
    try:
        return _json(text)
    except ValueError:
        return text


def _json(text: str) -> Any:
    """Parse JSON as Airflow does, which refuses the NaN and Infinity that Python takes."""
    return json.loads(text, parse_constant=_refuse)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
