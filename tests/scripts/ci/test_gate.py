"""What the pipeline's key may do on a host, by a real sshd: a deploy's three scripts, and nothing else."""

import subprocess

import pytest

from scripts.ci import hosts
from tests.scripts.ci.sshd import Sshd

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


def ask(sshd: Sshd, *words: str, key: str = "key") -> subprocess.CompletedProcess[str]:
    variables = sshd.variables | {"DEPLOY_SSH_KEY": str(sshd.folder / key)}
    with hosts.way(variables) as way:
        command = way.command(hosts.Host(sshd.user, "127.0.0.1", sshd.port), *words)
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)


@pytest.mark.parametrize(
    ("asked", "called"),
    [
        (f"deploy {DIGEST}", f"deploy.sh {DIGEST} by nobody older=no"),
        (
            f"deploy {DIGEST} --wait --migrate --allow-older --who=gitlab:ann.lee:job-42",
            f"deploy.sh --wait --migrate {DIGEST} by gitlab:ann.lee:job-42 older=1",
        ),
        ("rollback", "rollback.sh  by nobody older=no"),
        (
            "rollback 51e8d272-3f2a91c0 --move-runs --who=ann",
            "rollback.sh --move-runs 51e8d272-3f2a91c0 by ann older=no",
        ),
        (f"rollback {DIGEST}", f"rollback.sh {DIGEST} by nobody older=no"),
        ("status", "status.sh --json by nobody older=no"),
    ],
)
def test_what_it_may(sshd: Sshd, asked: str, called: str) -> None:
    result = ask(sshd, *asked.split())
    assert (result.returncode, result.stderr) == (0, "")
    assert sshd.calls() == [called]


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bash",
        "cat /etc/shadow",
        "deploy",
        "deploy latest",
        "deploy registry/airflow:latest",
        f"deploy {DIGEST[:-1]}",
        f"deploy {DIGEST} {DIGEST}",
        f"deploy {DIGEST} --move-runs",
        f"deploy {DIGEST}; id",
        f"deploy {DIGEST} && id",
        f"deploy $(id) {DIGEST}",
        f"deploy `id` {DIGEST}",
        f"deploy {DIGEST}\nid",
        f"deploy {DIGEST} --who=",
        "rollback 51e8d272 extra",
        "rollback ../../etc",
        "rollback --allow-older",
        "status --json",
        "take x",
        "main",
    ],
)
def test_what_it_may_not(sshd: Sshd, asked: str) -> None:
    result = ask(sshd, asked) if asked else ask(sshd)
    assert result.returncode == 2, result
    assert "This key may do: deploy sha256:DIGEST" in result.stderr
    assert "uid=" not in result.stdout + result.stderr
    assert sshd.calls() == []


def test_the_exit_code_and_all_words_come_back(sshd: Sshd) -> None:
    sshd.ends(7, "DAGs would break\n")
    result = ask(sshd, "deploy", DIGEST)
    assert result.returncode == 7
    assert "DAGs would break" in result.stdout


def test_another_key_gets_nowhere(sshd: Sshd) -> None:
    result = ask(sshd, "status", key="other")
    assert result.returncode == hosts.LOST
    assert "Permission denied" in result.stderr


def test_another_machine_is_not_taken_for_the_host(sshd: Sshd) -> None:
    sshd.know("another_host_key")
    result = ask(sshd, "status")
    assert result.returncode == hosts.LOST
    assert "Host key verification failed" in result.stderr
    assert sshd.calls() == []


def test_the_key_forwards_no_port(sshd: Sshd) -> None:
    with hosts.way(sshd.variables) as way:
        command = way.command(hosts.Host(sshd.user, "127.0.0.1", sshd.port), "status")
        command[1:1] = ["-R", "0:127.0.0.1:22", "-o", "ExitOnForwardFailure=yes"]
        result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert result.returncode == hosts.LOST
    assert "remote port forwarding failed" in result.stderr
    assert sshd.calls() == []


def test_the_key_has_no_terminal(sshd: Sshd) -> None:
    (sshd.host / "scripts" / "status.sh").write_text("#!/bin/sh\ntest -t 0 && echo a terminal || echo none\n")
    with hosts.way(sshd.variables) as way:
        command = way.command(hosts.Host(sshd.user, "127.0.0.1", sshd.port), "status")
        command[command.index("-T")] = "-tt"
        result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    assert "PTY allocation request failed" in result.stderr
    assert "a terminal" not in result.stdout


def test_before_the_first_deploy_it_fetches_the_scripts(sshd: Sshd) -> None:
    script = sshd.host / "scripts" / "deploy.sh"
    text = script.read_text()
    script.unlink()
    (sshd.host / "system").mkdir()
    sync = sshd.host / "system" / "sync.sh"
    sync.write_text(f"#!/bin/sh\ncat >'{script}' <<'END'\n{text}\nEND\nchmod +x '{script}'\n")
    sync.chmod(0o755)
    assert ask(sshd, "deploy", DIGEST).returncode == 0
    assert sshd.calls() == [f"deploy.sh {DIGEST} by nobody older=no"]
