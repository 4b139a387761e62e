"""The bodies of the tour's tasks."""

import logging
import os
import platform

log = logging.getLogger(__name__)


def where() -> str:
    """Say on which kind of machine this runs."""
    text = f"{platform.node()}: process {os.getpid()} of Python {platform.python_version()}"
    log.info(text)
    return text


def measure(place: dict[str, str]) -> int:
    """Return how many letters the name of a place has."""
    return len(place["name"])


def report(place: dict[str, str], letters: int) -> str:
    return f"{place['name']} has {letters} letters"
