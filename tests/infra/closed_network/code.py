"""What the code of this project calls: DAGs and plugins, in the processes of the hosts and in tasks."""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from tests.infra.closed_network import provider
from tests.infra.closed_network.clients import Clients, parsed
from tests.infra.closed_network.use import Use

WORKER = "plugins/fargate/worker.py"
# where modules are imported from, as the image has it
IMPORTED_FROM = ("plugins", ".")


def of_hosts(root: Path) -> Iterator[Use]:
    """The control plane and the local lane: all DAGs and all plugins."""
    yield from _uses(_files(root, "dags") + _files(root, "plugins"), root)


def of_workers(root: Path) -> Iterator[Use]:
    """A task on Fargate: any DAG, and what starts it."""
    yield from _uses(with_imports([*_files(root, "dags"), root / WORKER], root), root)


def of_scripts(root: Path, scripts: Iterable[Path]) -> Iterator[Use]:
    """Scripts that are run on a host, and what they import."""
    yield from _uses(with_imports(scripts, root), root)


def with_imports(files: Iterable[Path], root: Path) -> list[Path]:
    """Return the files, and those of this project that they import."""
    todo, seen = list(files), set[Path]()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += [file for name in _code(path, root).modules for file in _modules(name, root)]
    return sorted(seen)


def _modules(name: str, root: Path) -> list[Path]:
    """Return the files that an import of a name runs: of each package on the way, and of the module."""
    parts = name.split(".")
    ends = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    tried = [
        root / folder / f"{end}{kind}" for folder in IMPORTED_FROM for end in ends for kind in (".py", "/__init__.py")
    ]
    return [path for path in tried if path.is_file()]


def _uses(files: Iterable[Path], root: Path) -> Iterator[Use]:
    for path in files:
        code = _code(path, root)
        yield from code.uses
        yield from provider.uses(code.modules, str(path.relative_to(root)))


def _files(root: Path, folder: str) -> list[Path]:
    return sorted((root / folder).rglob("*.py"))


@cache
def _code(path: Path, root: Path) -> Clients:
    return parsed(path, str(path.relative_to(root)))
