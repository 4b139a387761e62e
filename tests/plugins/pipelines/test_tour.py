"""The bodies of the tour's tasks."""

import os
import platform

import pytest

from pipelines import tour


def test_where_names_machine_process_and_python(capsys: pytest.CaptureFixture[str]) -> None:
    text = tour.where()
    assert text == f"{platform.node()}: process {os.getpid()} of Python {platform.python_version()}"
    assert capsys.readouterr().out == f"{text}\n"


def test_a_place_is_measured_and_reported() -> None:
    place = {"code": "ICN", "name": "Seoul"}
    assert tour.measure(place) == 5
    assert tour.report(place, 5) == "Seoul has 5 letters"
