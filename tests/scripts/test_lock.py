"""The lists of pinned packages belong to what pyproject.toml states."""

import re
from pathlib import Path

import pytest

from scripts import lock


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in which only the requirements are."""
    monkeypatch.setattr(lock, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["a==1"]\n'
        '[dependency-groups]\nlocal = ["b==2"]\ntest = ["c==3"]\n'
    )
    for path in lock.LISTS:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(lock.HEADER.format(lock.fingerprint()) + "a==1\n")
    return tmp_path


def change(checkout: Path, old: str, new: str) -> None:
    path = checkout / "pyproject.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_lists_of_this_repository_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert (lock.main(["--check"]), capsys.readouterr().err) == (0, "")


def test_every_list_is_pinned_with_hashes_and_without_addresses() -> None:
    assert len(lock.LISTS) == 6
    for path in lock.LISTS:
        text = (lock.ROOT / path).read_text()
        pins = re.findall(r"^[a-z0-9][^ \n]*==[^ \n]+", text, re.MULTILINE)
        assert len(pins) > (0 if path == lock.BUILD else 10), path
        assert text.count("--hash=sha256:") >= len(pins), path
        assert re.findall(r"https?://|--index-url|--find-links|^-e", text, re.MULTILINE) == [], path


@pytest.mark.parametrize(
    ("old", "new"),
    [("a==1", "a==2"), ("b==2", "b==3"), ("c==3", "c==3, <4"), (">=3.11", ">=3.12"), ('["b==2"]', '["b==2", "d"]')],
)
def test_another_requirement_makes_all_lists_old(
    checkout: Path, capsys: pytest.CaptureFixture[str], old: str, new: str
) -> None:
    assert lock.main(["--check"]) == 0
    change(checkout, old, new)
    assert lock.main(["--check"]) == 1
    lines = [f"{path} was not made from this pyproject.toml: run scripts/lock" for path in lock.LISTS]
    assert capsys.readouterr().err.splitlines() == lines


def test_what_is_no_requirement_makes_no_list_old(checkout: Path) -> None:
    change(checkout, 'version = "1"', 'version = "2"  # released')
    assert lock.main(["--check"]) == 0


def test_one_old_list_is_named_alone(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / lock.TEST).write_text("# made by hand\n")
    assert lock.main(["--check"]) == 1
    expected = "tests/requirements.txt was not made from this pyproject.toml: run scripts/lock\n"
    assert capsys.readouterr().err == expected


def test_a_lock_writes_all_lists(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "compiled", lambda options: f"made with {' '.join(options)}\n")
    change(checkout, "a==1", "a==2")
    assert lock.main([]) == 0
    assert lock.main(["--check"]) == 0
    made = [(checkout / path).read_text().splitlines()[1] for path in lock.LISTS]
    assert made[0] == "made with pyproject.toml"
    assert made[2] == "made with --group test -c docker/requirements.txt -c infra/local/requirements.txt"


@pytest.mark.parametrize(("argument", "code"), [("-h", 0), ("--help", 0), ("--chekc", 2)])
def test_its_usage(argument: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert lock.main([argument]) == code
    assert capsys.readouterr().out.startswith("Pin all packages with hashes")
