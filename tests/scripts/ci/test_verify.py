"""After a deploy: what works stays, what does not is taken back, and the note says which."""

from pathlib import Path

import pytest

from scripts.ci import hosts, verify
from tests.scripts.ci.sshd import Sshd

DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
Told = pytest.CaptureFixture[str]


@pytest.fixture
def note(reached: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployment whose smoke test passes; the host says that DIGEST serves."""
    monkeypatch.setattr(verify, "NOTE", tmp_path / "verify.md")
    monkeypatch.setattr(verify, "smoke", lambda *_: 0)
    monkeypatch.setattr(hosts, "serving", lambda _: DIGEST)
    monkeypatch.setenv("GITLAB_USER_NAME", "Ann Lee")
    return tmp_path / "verify.md"


def test_what_works_stays(note: Path, reached: Sshd) -> None:
    assert verify.main(["staging", DIGEST]) == 0
    assert reached.calls() == []
    text = note.read_text()
    assert text.startswith(f"# staging: {DIGEST}\n\nby Ann Lee, by hand\n")
    assert "smoke test: passed" in text


def smokes(monkeypatch: pytest.MonkeyPatch, *codes: int) -> list[str]:
    """Let the smoke tests end so, one after the other; return the digests that they were given."""
    ends, given = list(codes), list[str]()

    def smoke(_: object, digest: str, watch: str = "0") -> int:
        given.append(digest)
        return ends.pop(0)

    monkeypatch.setattr(verify, "smoke", smoke)
    return given


def test_what_fails_its_smoke_test_is_taken_back(
    note: Path, reached: Sshd, monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    given = smokes(monkeypatch, 14, 0)
    assert verify.main(["staging", DIGEST]) == 1
    assert [call.split()[0] for call in reached.calls()] == ["rollback.sh"]
    assert given == [DIGEST, ""]
    assert "smoke test: failed, exit code 14" in note.read_text()
    assert "the release before serves again; its smoke test passed" in note.read_text()
    assert "does not work, and was taken back" in capsys.readouterr().err


def test_a_way_back_that_fails_needs_a_person(
    note: Path, reached: Sshd, monkeypatch: pytest.MonkeyPatch, capsys: Told
) -> None:
    smokes(monkeypatch, 1)
    reached.ends(8)
    assert verify.main(["staging", DIGEST]) == 4
    assert "the way back failed: 127.0.0.1 ended with 8" in note.read_text()
    assert "the way back failed: see above" in capsys.readouterr().err


def test_what_somebody_else_deployed_is_left(note: Path, reached: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    smokes(monkeypatch, 13)
    monkeypatch.setattr(hosts, "serving", lambda _: OTHER)
    assert verify.main(["staging", DIGEST]) == 1
    assert reached.calls() == []
    assert f"{OTHER} serves by now, so that nothing is taken back" in note.read_text()


def test_it_can_be_left_as_it_is(note: Path, reached: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    smokes(monkeypatch, 1)
    assert verify.main(["staging", DIGEST, "--no-rollback"]) == 1
    assert reached.calls() == []


def test_the_command_of_the_smoke_test(reached: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "scripts" / "smoke"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho \"$AWS_ROLE_ARN $*\" >'{tmp_path}/called'\nexit 14\n")
    program.chmod(0o755)
    monkeypatch.setattr(verify, "ROOT", tmp_path)
    monkeypatch.setattr(verify, "NOTE", tmp_path / "verify.md")
    monkeypatch.setenv("AWS_ID_TOKEN", "token")
    monkeypatch.setenv("SMOKE_OPTIONS", "--resolve a=b")
    assert verify.main(["staging", DIGEST, "--no-rollback"]) == 1
    assert (tmp_path / "called").read_text() == (
        "arn:aws:iam::123456789012:role/airflow-staging-ci-deploy https://airflow-staging.example.com "
        f"--cluster airflow-staging --region ap-northeast-2 --digest {DIGEST} --watch 120 --resolve a=b\n"
    )


def test_a_tag_is_refused(note: Path, capsys: Told) -> None:
    assert verify.main(["staging", "latest"]) == 2
    assert "'latest' is no digest" in capsys.readouterr().err
