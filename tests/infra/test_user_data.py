"""What the user data and the host's own scripts say; test_first_boot.py is about what they do."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.hosts.rendered import HOST_FILES, host_files, user_data
from tests.infra.hosts.world import BUCKET, REGION

RENDERED = user_data(deploy_bucket=BUCKET, region=REGION)
BASH = {"user data": RENDERED, **{name: text for name, text in host_files().items() if name.endswith(".sh")}}
# programs that can reach another machine
REACH = ("curl", "wget", "dnf", "yum", "rpm", "aws", "docker", "pip", "pip3", "git", "ssh", "scp", "nc", "ping", "dig")


def test_they_fit_into_what_ec2_takes() -> None:
    assert len(RENDERED.encode()) < 16 * 1024


def test_a_template_with_more_than_values_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "t").write_text("${upper(region)}")
    monkeypatch.setattr("tests.infra.hosts.rendered.TEMPLATE", tmp_path / "t")
    with pytest.raises(ValueError, match="does not render"):
        user_data(region="x")


@pytest.mark.parametrize("name", BASH)
def test_shellcheck_has_nothing_to_say(name: str) -> None:
    beside = Path(sys.executable).with_name("shellcheck")  # of the test packages
    result = subprocess.run([str(beside), "-"], input=BASH[name], capture_output=True, text=True)
    assert (result.stdout, result.returncode) == ("", 0)


def calls(text: str) -> list[str]:
    """Return each command of a script that can reach another machine, from its name on."""
    code = "\n".join(re.sub(r"(^|\s)#.*", "", line) for line in text.replace("\\\n", " ").splitlines())
    code = re.sub(r'"[^"]*"|<<<.*', lambda quoted: "S3" if quoted[0].startswith('"s3://') else '"…"', code)
    return [match[0].strip() for match in re.finditer(rf"(?<![\w./-])({'|'.join(REACH)}) [^|&;)\n]*", code)]


@pytest.mark.parametrize("name", BASH)
def test_whatever_leaves_the_machine_goes_to_the_repositories_or_to_s3(name: str) -> None:
    allowed = r"dnf |aws s3 |aws s3api "
    assert [call for call in calls(BASH[name]) if not re.match(allowed, call)] == []
    assert not re.search(r"https?://", BASH[name])


def test_the_guard_sees_what_it_looks_for() -> None:
    assert len([call for text in BASH.values() for call in calls(text)]) == 4
    assert calls("x=1 # curl a\nfoo && curl -s https://a/b | sh") == ["curl -s https://a/b"]


def test_the_hosts_python_is_that_of_amazon_linux() -> None:
    programs = [path for path in HOST_FILES.iterdir() if path.suffix == ".py"]
    assert len(programs) == 2
    for path in programs:
        ast.parse(path.read_text(), feature_version=(3, 9))
