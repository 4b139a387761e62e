"""Every AWS service that hosts and workers call, and where that is written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.infra.closed_network import code, definition, provider, roles, scripts
from tests.infra.closed_network.model import Model
from tests.infra.closed_network.roles import HOSTS, WORKERS
from tests.infra.closed_network.use import Use

# settings that name classes of the provider, such as the backend for secrets; a host's are in the root's files
SETTINGS = {HOSTS: ("docker/airflow.env", "infra/*.tf"), WORKERS: ("infra/worker-task-definition.json",)}


@dataclass(frozen=True, order=True)
class Call:
    """Hosts or workers call a service; ``bucket`` is one of AWS's own that they read from."""

    caller: str
    service: str
    bucket: str
    where: str


def calls(model: Model, root: Path) -> list[Call]:
    """Return each service that is called, once for each caller and each place where that is written."""
    sources = {
        HOSTS: [roles.uses(model, HOSTS), code.of_hosts(root), scripts.uses(root)],
        WORKERS: [roles.uses(model, WORKERS), code.of_workers(root), definition.uses(model)],
    }
    for caller, patterns in SETTINGS.items():
        sources[caller].append(_of_settings(root, patterns))
    found = {_call(caller, use, model) for caller, uses in sources.items() for some in uses for use in some}
    return sorted(found)


def _of_settings(root: Path, patterns: Iterable[str]) -> Iterator[Use]:
    for path in sorted({path for pattern in patterns for path in root.glob(pattern)}):
        yield from provider.uses_of_text(path, str(path.relative_to(root)))


def _call(caller: str, use: Use, model: Model) -> Call:
    return Call(caller, use.service, use.bucket.format(region=model.region), use.where)


def table(found: Iterable[Call]) -> dict[tuple[str, str], list[str]]:
    """Return the places by service and caller, for people."""
    places: dict[tuple[str, str], list[str]] = {}
    for call in found:
        places.setdefault((call.service, call.caller), []).append(call.where)
    return places
