"""A variable that is missing is named, with where to set it and an example."""

from pathlib import Path

import pytest

from scripts.ci import variables
from scripts.ci.stop import Stop

ROOT = Path(__file__).resolve().parents[3]
Told = pytest.CaptureFixture[str]


def test_all_are_there(capsys: Told) -> None:
    assert variables.main(["plan"]) == 0
    assert capsys.readouterr().out == "==> 2 variables are right\n"


def test_a_missing_one_is_named_with_where_to_set_it_and_an_example(
    capsys: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PRODUCTION_ACCOUNT")
    monkeypatch.setenv("CI_PROJECT_URL", "https://gitlab.example.com/group/airflow")
    assert variables.main(["plan"]) == 1
    assert capsys.readouterr().err == (
        "error: PRODUCTION_ACCOUNT is not set: the AWS account of production\n"
        "  set it   https://gitlab.example.com/group/airflow/-/settings/ci_cd, Variables: Variable "
        "(by hand: export PRODUCTION_ACCOUNT=…)\n"
        "  from     the account\n"
        "  example  123456789012\n\n"
    )


def test_all_that_are_missing_are_named_at_once(capsys: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STAGING_ACCOUNT")
    assert variables.main(["deploy"]) == 1
    named = [line.split()[1] for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert named == ["STAGING_ACCOUNT", "DEPLOY_SSH_KEY", "DEPLOY_KNOWN_HOSTS", "AIRFLOW_PASSWORD", "DEPLOY_HOSTS"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("STAGING_ACCOUNT", "airflow", "STAGING_ACCOUNT is 'airflow'"),
        ("DEPLOY_HOSTS", "a host; rm -rf /", "DEPLOY_HOSTS is 'a host; rm -rf /'"),
        ("DEPLOY_VIA", "telnet", "DEPLOY_VIA is 'telnet'"),
        ("DEPLOY_SSH_KEY", "/no/such/file", "DEPLOY_SSH_KEY does not look right"),
        ("AIRFLOW_PASSWORD", "short", "AIRFLOW_PASSWORD does not look right"),
    ],
)
def test_a_wrong_one_is_named_and_a_secret_is_not_shown(
    capsys: Told, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    assert variables.main(["deploy"]) == 1
    told = capsys.readouterr().err
    assert f"error: {said}" in told
    assert value in told or "does not look right" in said
    assert "short" not in told


def test_hosts_are_not_asked_for_where_they_are_found_by_their_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [variable for variable in variables.DEPLOY if variable.name == "DEPLOY_HOSTS"]
    assert asked
    assert list(variables.problems(asked, {}))
    assert list(variables.problems(asked, {"DEPLOY_VIA": "session-manager"})) == []


def test_keys_are_files_as_gitlab_gives_them(tmp_path: Path) -> None:
    key, hosts = tmp_path / "key", tmp_path / "hosts"
    key.write_text(f"-----BEGIN OPENSSH {'PRIVATE'} KEY-----\nabc\n-----END OPENSSH {'PRIVATE'} KEY-----\n")
    hosts.write_text("# ours\n[10.0.1.7]:22 ssh-ed25519 AAAA\n")
    assert variables.private_key(str(key))
    assert variables.known_hosts(str(hosts))
    assert not variables.private_key(str(hosts))
    hosts.write_text("10.0.1.7\n")
    assert not variables.known_hosts(str(hosts))


def test_require_stops_with_all_of_them() -> None:
    with pytest.raises(Stop, match="DEPLOY_SSH_KEY is not set") as stopped:
        variables.require("deploy", {"STAGING_ACCOUNT": "1"})
    assert "STAGING_ACCOUNT is '1'" in str(stopped.value)


@pytest.mark.parametrize(("arguments", "code"), [(["-h"], 0), ([], 2), (["everything"], 2), (["plan", "deploy"], 2)])
def test_usage(capsys: Told, arguments: list[str], code: int) -> None:
    assert variables.main(arguments) == code
    assert "usage: scripts/ci/variables" in capsys.readouterr().out


def test_the_readme_has_the_table(capsys: Told) -> None:
    assert variables.main(["--table"]) == 0
    table = capsys.readouterr().out
    assert len(table.splitlines()) == 2 + len(variables.ALL)
    assert table in (ROOT / "README.md").read_text()


def test_the_pipeline_asks_for_each_set() -> None:
    text = "".join(path.read_text() for path in (ROOT / ".gitlab-ci.yml", *ROOT.glob(".gitlab/*.yml")))
    assert {name for name in variables.SETS if f"scripts/ci/variables {name}\n" in text} == set(variables.SETS)
