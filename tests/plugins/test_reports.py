"""The way from a task in the UI to its DAG's report."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock, patch
from urllib.parse import parse_qs, urlsplit

import pytest
from airflow.api_fastapi.core_api import security
from fastapi.testclient import TestClient

import reports
from infra.local.environment import parsing
from infra.local.layout import ROOT


@pytest.fixture
def manager() -> Iterator[Mock]:
    """Airflow's authorization, which the api-server has and a test has not."""
    manager = Mock()
    with (
        patch.object(security, "get_auth_manager", return_value=manager),
        patch.object(security.DagModel, "get_team_name", return_value=None),
    ):
        yield manager


@pytest.fixture
def client() -> TestClient:
    app = reports.build_app()
    app.dependency_overrides[security.get_user] = lambda: "a user who is logged in"
    return TestClient(app, follow_redirects=False)


def test_the_link_leads_to_the_report_of_the_tasks_dag() -> None:
    link = reports.ReportLink()
    assert link.name == "Report"
    assert link.get_link(None, ti_key=SimpleNamespace(dag_id="flight_delays")) == "/reports/flight_delays"


def test_the_plugin_puts_the_pages_where_the_link_leads() -> None:
    [app] = reports.ReportsPlugin.fastapi_apps
    assert (app["name"], app["url_prefix"]) == ("reports", "/reports")
    assert isinstance(app["app"], reports.Pages)


def test_the_address_is_signed_for_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_BUCKET", "the-lake")
    address = urlsplit(reports.presigned_url("reports/flight_delays.html"))
    assert address.scheme == "https"
    assert address.netloc.startswith("the-lake.s3.")
    assert address.path == "/reports/flight_delays.html"
    query = parse_qs(address.query)
    assert query["X-Amz-Expires"] == ["300"]
    assert query["X-Amz-Credential"][0].startswith("testing/")
    assert len(query["X-Amz-Signature"][0]) == 64


def test_who_may_read_the_dag_is_led_to_the_report(client: TestClient, manager: Mock) -> None:
    manager.is_authorized_dag.return_value = True
    answer = client.get("/flight_delays")
    assert answer.status_code == 307
    assert urlsplit(answer.headers["location"]).path.endswith("/reports/flight_delays.html")
    [call] = manager.is_authorized_dag.call_args_list
    assert (call.kwargs["method"], call.kwargs["details"].id) == ("GET", "flight_delays")


def test_who_may_not_read_the_dag_is_refused(client: TestClient, manager: Mock) -> None:
    manager.is_authorized_dag.return_value = False
    answer = client.get("/flight_delays")
    assert (answer.status_code, "location" in answer.headers) == (403, False)


def test_who_is_not_logged_in_is_refused() -> None:
    answer = TestClient(reports.Pages(), follow_redirects=False).get("/flight_delays")
    assert (answer.status_code, answer.json()) == (401, {"detail": "Not authenticated"})


def test_the_pages_are_made_on_the_first_request_and_once() -> None:
    with patch.object(reports, "build_app", wraps=reports.build_app) as build:
        client = TestClient(reports.Pages())
        assert build.call_count == 0
        assert [client.get("/a/b").status_code, client.get("/a/b").status_code] == [404, 404]
        assert build.call_count == 1


def test_importing_it_costs_no_worker_the_api_servers_packages(tmp_path: Path) -> None:
    program = "import sys, reports; print(sorted({'fastapi', 'boto3'} & set(sys.modules)), reports.ReportLink.name)"
    environment = {**os.environ, **parsing(tmp_path), "PYTHONPATH": str(ROOT / "plugins")}
    del environment["AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS"]  # which a worker does not have
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[] Report\n"
