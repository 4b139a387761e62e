"""The whole proof, for a plan or a state as `terraform show -json` prints it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.infra.closed_network.model import read
from tests.infra.closed_network.openings import openings, public_tasks
from tests.infra.closed_network.paths import problems
from tests.infra.closed_network.services import calls


def shortcomings(document: Mapping[str, Any], root: Path) -> list[str]:
    """Return what is missing for the calls of hosts and workers, and what is open besides: none when it is right."""
    model = read(document)
    return [*problems(model, calls(model, root)), *openings(model), *public_tasks(root)]
