"""What a change of a DAG costs: a layer of kilobytes, pushed by digest to a registry that wants a login."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests import checkout as copies
from tests.deploy.conftest import build_image
from tests.deploy.engine import Engine
from tests.deploy.registry import Registry

AT_MOST_S = 10
TO = ("--tag", "airflow-tests:change", "--push")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of this checkout, with its packages, in a repository of its own."""
    return copies.committed(copies.with_packages(tmp_path / "checkout"))


def test_a_changed_dag_is_a_layer_of_kilobytes(
    user: Engine, image: str, base_image: str, registry: Registry, checkout: Path
) -> None:
    repository = f"{registry.address}/airflow"
    before = build_image(user, base_image, *TO, repository, root=checkout)
    assert build_image(user, base_image, *TO, repository, root=checkout) == before  # the same makes the same
    dag = checkout / "dags" / "every_minute.py"
    dag.write_text(dag.read_text() + "\n# changed\n")
    begun = time.monotonic()
    after = build_image(user, base_image, *TO, repository, root=checkout)
    seconds = time.monotonic() - begun
    old, new = layers(user, before), layers(user, after)
    changed = [layer for layer in new if layer not in old]
    assert len(new) - len(changed) >= 2
    assert 0 < sum(layer["size"] for layer in changed) < 1e6
    assert seconds <= AT_MOST_S


def test_who_is_not_logged_in_cannot_push(engine: Engine, image: str, registry: Registry) -> None:
    name = f"{registry.address}/airflow:stranger"
    engine.run("tag", image, name)
    try:
        result = engine.run("push", name, check=False)
    finally:
        engine.run("rmi", name)
    assert result.returncode
    assert "no basic auth credentials" in result.stderr


def layers(engine: Engine, reference: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(engine.out("buildx", "imagetools", "inspect", "--raw", reference))[
        "layers"
    ]
    return [{"digest": layer["digest"], "size": layer["size"]} for layer in found]
