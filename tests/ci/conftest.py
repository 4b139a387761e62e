"""A project whose pipeline can be looked at and run."""

from collections.abc import Iterator

import pytest

from tests.ci import runner
from tests.ci.runner import NotInstalled, Project
from tests.form import FULL

collect_ignore = [] if FULL else ["test_run.py"]


@pytest.fixture(scope="session")
def _installed() -> None:
    try:
        runner.install()
    except NotInstalled as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def clone(_installed: None, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("clone"))


@pytest.fixture
def project(clone: Project) -> Iterator[Project]:
    """The clone on ``main``; what a test changes is gone afterwards."""
    begin = clone.git("rev-parse", "refs/remotes/origin/main").strip()
    yield clone
    clone.git("checkout", "-q", "-f", "-B", "main", begin)
    clone.git("clean", "-q", "-f", "-d")
    clone.fetched()
