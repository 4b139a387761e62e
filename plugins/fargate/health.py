"""Files that tell a container's probe how its process is, without a Python or a server to ask.

``healthy`` was touched after a heartbeat that reached the database, ``standby`` while the process waits
for its turn; either is worth nothing when it is old. ``parsed.json`` says what the first full parse found.
"""

import json
from typing import Any

from fargate import settings

HEALTHY, STANDBY, PARSED = "healthy", "standby", "parsed.json"


def reset() -> None:
    """Forget what the process before this one has said."""
    for name in (HEALTHY, STANDBY, PARSED):
        clear(name)


def touch(name: str) -> None:
    (settings.health_folder() / name).touch()


def clear(name: str) -> None:
    (settings.health_folder() / name).unlink(missing_ok=True)


def write_parsed(found: dict[str, Any]) -> None:
    """Say what the dag-processor has found, all at once."""
    path = settings.health_folder() / PARSED
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(found))
    beside.replace(path)
