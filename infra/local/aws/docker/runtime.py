"""The runtime of tasks as containers, and the end of what an emulator left on the engine."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from infra.local.aws.container import ContainerSpec
from infra.local.aws.docker import networks
from infra.local.aws.docker.container import DockerContainer
from infra.local.aws.docker.engine import Engine, EngineError
from infra.local.aws.docker.settings import FOLDER, PASSWORD, Settings


class Docker:
    """Starts tasks in an engine. What it makes there has the label of its folder."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine, self.settings = engine, settings

    def open(self) -> None:
        """Make the networks, after removing what an emulator that was killed left in the same place."""
        self.close()
        networks.make(self.engine, self.settings)

    def start(self, spec: ContainerSpec, folder: Path, cpu: int, memory: int) -> DockerContainer:
        return DockerContainer(self.engine, self.settings, spec, folder, (cpu, memory))

    def close(self) -> None:
        """Remove every container and network of this folder, whoever made them."""
        for container in self._containers():
            with suppress(EngineError):  # its own thread was faster
                self.engine.call("DELETE", f"/containers/{container['Id']}", force=1, v=1)
        networks.remove(self.engine, self.settings)

    def _containers(self) -> list[dict[str, Any]]:
        label = f"{FOLDER}={self.settings.folder}"
        found = self.engine.call("GET", "/containers/json", all=1, filters=json.dumps({"label": [label]}))
        return list(found or [])


def docker(
    folder: Path, network: str = "", registry: str = "", address: str = "", hosts: tuple[str, ...] = ()
) -> Docker:
    """Return the runtime of the emulator whose files are in ``folder``.

    :param network: the bridge that its containers join; without one it makes one of its own
    :param registry: HOST:PORT from which images are pulled with the account's password
    :param address: of the engine, if not that of DOCKER_HOST
    :param hosts: what containers find by name besides, as NAME:ADDRESS
    :raises NoEngine: when there is none
    """
    own = f"fargate-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
    passwords = {registry: PASSWORD} if registry else {}
    return Docker(Engine(address), Settings(folder.resolve(), network or own, passwords, hosts))
