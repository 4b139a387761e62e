"""The AWS services that a part of Airflow's amazon provider uses, found in the provider's own code."""

import re
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from tests.infra.closed_network.clients import Clients, parsed
from tests.infra.closed_network.use import UNKNOWN, Use

PACKAGE = "airflow.providers.amazon.aws"
# a class that a setting names, as AIRFLOW__SECRETS__BACKEND does
NAMED = re.compile(rf"{re.escape(PACKAGE)}[\w.]+")

# Code of the provider that is there, and that nothing here runs. (file, service): reason
NOT_RUN = {
    ("hooks/base_aws.py", "iam"): "expand_role looks up a role by its name, for operators of other services",
}


def uses(names: dict[str, int], where: str) -> list[Use]:
    """Return the services behind imported names: {full name: line in ``where``}."""
    return [
        Use(service, f"{where}:{line} ({name.rpartition('.')[2]})")
        for name, line in names.items()
        if name.startswith(f"{PACKAGE}.")
        for service in _services(name)
    ]


def uses_of_text(path: Path, where: str) -> list[Use]:
    """Return the services behind the classes that a file of settings names."""
    lines = enumerate(path.read_text().splitlines(), 1)
    return [use for number, line in lines for use in uses(dict.fromkeys(NAMED.findall(line), number), where)]


@cache
def _services(name: str) -> frozenset[str]:
    """Return what the module of a name uses, and the modules that it imports."""
    seen: set[Path] = set()
    found: set[str] = set()
    todo = [name]
    while todo:
        path = _file(todo.pop())
        if path is None or path in seen:
            continue
        seen.add(path)
        code = _parsed(path)
        # a name that only the running provider knows is what its caller asks for, which is found there
        found |= {use.service for use in code.uses} - {UNKNOWN} - _not_run(path)
        todo += [module for module in code.modules if module.startswith(f"{PACKAGE}.")]
    return frozenset(found)


def _file(name: str) -> Path | None:
    """Return the file of a module, or that of the module which a name is from."""
    parts = name.removeprefix(f"{PACKAGE}.").split(".")
    ends = ["/".join(parts), "/".join(parts[:-1])]
    tried = [_folder() / f"{end}{kind}" for end in ends for kind in (".py", "/__init__.py")]
    return next((path for path in tried if path.is_file()), None)


def _not_run(path: Path) -> set[str]:
    return {service for file, service in NOT_RUN if path == _folder() / file}


@cache
def _parsed(path: Path) -> Clients:
    return parsed(path, path.name)


@cache
def _folder() -> Path:
    return Path(str(distribution("apache-airflow-providers-amazon").locate_file(PACKAGE.replace(".", "/"))))
