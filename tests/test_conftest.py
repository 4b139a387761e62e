"""The guards that all tests rely on."""

import os
import socket
from pathlib import Path

import pytest

from tests.conftest import HOME


def test_no_other_machine_is_reached() -> None:
    with socket.socket() as probe, pytest.raises(PermissionError, match=r"tried to reach \('192\.0\.2\.1', 80\)"):
        probe.connect(("192.0.2.1", 80))


def test_airflow_lives_in_a_temporary_home() -> None:
    from airflow.configuration import AIRFLOW_HOME, conf

    assert Path(AIRFLOW_HOME) == HOME == Path(os.environ["AIRFLOW_HOME"])
    assert conf.get("core", "default_timezone") == "Asia/Seoul"


@pytest.mark.parametrize(("ci", "ended"), [("true", {"failed": 1}), ("", {"skipped": 1})])
def test_nothing_is_skipped_in_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, ended: dict[str, int]
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makeconftest("from tests.conftest import pytest_runtest_makereport")
    pytester.makepyfile("import pytest\ndef test(): pytest.skip('needs Chromium')")
    result = pytester.runpytest_inprocess("-ra")
    assert result.parseoutcomes() == ended
    result.stdout.fnmatch_lines("*needs Chromium*")
