"""What a container uses, by both kinds of control groups."""

from pathlib import Path

import pytest

from infra.local.aws.docker import usage

ID = "0123abcd"
STAT_1 = "cache 900\nrss 1\ntotal_cache 900\ntotal_rss 300\ntotal_shmem 20\n"
STAT_2 = "anon 400\nfile 900\nshmem 30\nanon_thp 7\n"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(usage, "CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(usage, "PROC", tmp_path / "proc")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_groups_of_version_1(machine: Path) -> None:
    write(machine / "proc/7/cgroup", f"5:cpu,cpuacct:/docker/{ID}\n4:memory:/docker/{ID}\n0::/system.slice\n")
    write(machine / f"cgroup/cpuacct/docker/{ID}/cpuacct.usage", "1500000000\n")
    write(machine / f"cgroup/memory/docker/{ID}/memory.stat", STAT_1)
    used = usage.Usage(ID, 7)
    used.look()
    assert (used.cpu_seconds, used.memory_bytes()) == (1.5, 320)


def test_groups_of_version_2(machine: Path) -> None:
    group = f"system.slice/docker-{ID}.scope"
    write(machine / "proc/7/cgroup", f"0::/{group}\n")
    write(machine / f"cgroup/{group}/cpu.stat", "usage_usec 2500000\nuser_usec 1\n")
    write(machine / f"cgroup/{group}/memory.stat", STAT_2)
    used = usage.Usage(ID, 7)
    used.look()
    assert (used.cpu_seconds, used.memory_bytes()) == (2.5, 430)
    (machine / f"cgroup/{group}/cpu.stat").unlink()  # it ended: the last look is kept
    used.look()
    assert used.cpu_seconds == 2.5


@pytest.mark.parametrize("lines", ["0::/\n", "5:cpu,cpuacct:/\n4:memory:/\n", ""])
def test_a_process_that_ended_is_not_the_machine(machine: Path, lines: str) -> None:
    write(machine / "proc/7/cgroup", lines)
    for folder in ("", "cpuacct", "memory"):
        write(machine / "cgroup" / folder / "cpu.stat", "usage_usec 1\n")
        write(machine / "cgroup" / folder / "cpuacct.usage", "1\n")
        write(machine / "cgroup" / folder / "memory.stat", STAT_1 + STAT_2)
    used = usage.Usage(ID, 7)
    used.look()
    assert (used.cpu_seconds, used.memory_bytes()) == (0, 0)
