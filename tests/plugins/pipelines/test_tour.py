"""The bodies of the tour's tasks."""

import os
import platform

from pipelines import tour
from tests.plugins.conftest import Said


def test_where_names_machine_process_and_python(said: Said) -> None:
    text = tour.where()
    assert text == f"{platform.node()}: process {os.getpid()} of Python {platform.python_version()}"
    assert said() == [text]


def test_a_place_is_measured_and_reported() -> None:
    place = {"code": "ICN", "name": "Seoul"}
    assert tour.measure(place) == 5
    assert tour.report(place, 5) == "Seoul has 5 letters"
