"""The workers' image: when it is built anew, by what, and how a stack remembers it."""

from pathlib import Path

import pytest

from infra.local import containers
from infra.local.aws.docker.engine import Engine, NoEngine
from infra.local.layout import Layout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("docker/Dockerfile", "dags/a.py", "plugins/pipelines/b.py", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize("name", ["docker/Dockerfile", "dags/a.py", "plugins/pipelines/b.py", "plugins/new.py"])
def test_what_goes_into_the_image_makes_it_another(checkout: Path, name: str) -> None:
    before = containers.fingerprint(checkout)
    (checkout / name).write_text("changed")
    assert containers.fingerprint(checkout) != before


def test_a_file_that_moves_makes_it_another(checkout: Path) -> None:
    before = containers.fingerprint(checkout)
    (checkout / "dags/a.py").rename(checkout / "dags/c.py")
    assert containers.fingerprint(checkout) != before


def test_what_does_not_go_into_the_image_leaves_it(checkout: Path) -> None:
    before = containers.fingerprint(checkout)
    (checkout / "README.md").write_text("changed")
    (checkout / "dags/__pycache__").mkdir()
    (checkout / "dags/__pycache__/a.pyc").write_text("changed")
    (checkout / "dags/a.py").touch()
    assert containers.fingerprint(checkout) == before


def test_the_script_builds_it_where_there_is_one(checkout: Path) -> None:
    assert containers.command("n:1", checkout) == [
        *("docker", "build", "--file", "docker/Dockerfile", "--build-arg", "BASE_IMAGE", "--tag", "n:1", ".")
    ]
    (checkout / "scripts").mkdir()
    (checkout / "scripts/image").touch()
    assert containers.command("n:1", checkout) == [str(checkout / "scripts/image"), "--tag", "n:1"]


def test_a_stack_without_containers_has_nothing_to_remove(tmp_path: Path) -> None:
    layout = Layout(tmp_path, 1, 2, tmp_path / "dags")
    assert not containers.used(layout)
    containers.remove(layout)


def test_with_the_engine_its_containers_are_gone(tmp_path: Path) -> None:
    layout = Layout(tmp_path, 1, 2, tmp_path / "dags", "docker")
    layout.run.mkdir()
    note = layout.run / "containers.json"
    note.write_text(f'{{"engine": "unix://{tmp_path}/none.sock", "image": "local/airflow@sha256:1"}}')
    assert containers.used(layout)
    assert containers.image(layout) == "local/airflow@sha256:1"
    containers.remove(layout)
    assert not note.exists()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:2375", "ssh://host", "unix:///no/such.sock"])
def test_an_engine_that_cannot_be_used(address: str) -> None:
    with pytest.raises(NoEngine, match=r"apt install docker\.io.*RUNTIME=process needs none") as refused:
        Engine(address)
    assert address in str(refused.value)
