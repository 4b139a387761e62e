"""The networks: one of the emulator's tasks, and one that is an address for all emulators of an engine.

The SDKs take credentials over HTTP from the address at which ECS gives them and from loopback, from
no other; botocore refuses a bridge's. So a network that no container joins gives this machine that
address, and containers of any network reach the emulator there.
"""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from infra.local.aws.docker.engine import Engine, EngineError
from infra.local.aws.docker.settings import NETWORK, Settings

ADDRESS = "169.254.170.2"  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
SHARED = "fargate-address"


def make(engine: Engine, settings: Settings) -> None:
    """Make what is not there. A network that somebody else made is used, and stays."""
    with _alone():
        there = _names(engine)
        if settings.network not in there:
            _create(engine, settings.network, labels=settings.labels)
        if SHARED not in there:
            pool = {"Subnet": "169.254.170.0/28", "Gateway": ADDRESS}
            _create(engine, SHARED, labels={}, IPAM={"Config": [pool]})


def remove(engine: Engine, settings: Settings) -> None:
    """Remove the emulator's own, and the address with the last of all emulators."""
    with _alone():
        for name, labels in _names(engine).items():
            if settings.labels.items() <= labels.items():
                _delete(engine, name)
        if set(_names(engine, ours=True)) == {SHARED}:
            _delete(engine, SHARED)


@contextmanager
def _alone() -> Iterator[None]:
    """Keep out the other emulators of this machine: one may remove what another has just found."""
    with open(Path(tempfile.gettempdir()) / f"{SHARED}.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _names(engine: Engine, *, ours: bool = False) -> dict[str, dict[str, str]]:
    found: list[dict[str, Any]] = engine.call("GET", "/networks")
    return {one["Name"]: one["Labels"] or {} for one in found if not ours or NETWORK in (one["Labels"] or {})}


def _create(engine: Engine, name: str, labels: dict[str, str], **options: Any) -> None:
    body = {"Name": name, "Driver": "bridge", "Labels": {NETWORK: "", **labels}, **options}
    engine.call("POST", "/networks/create", {**body, "CheckDuplicate": True})


def _delete(engine: Engine, name: str) -> None:
    with suppress(EngineError):  # somebody else's container is in it
        engine.call("DELETE", f"/networks/{name}")
