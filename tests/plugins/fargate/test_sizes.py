"""Sizes: every one that Fargate has, and an error that a person can act on for the others."""

from typing import Any

import pytest

from fargate import sizes

# written out from AWS's table, in MiB, and not derived from the code
LEGAL = {
    "256": [512, 1024, 2048],
    "512": [1024, 2048, 3072, 4096],
    "1024": [2048, 3072, 4096, 5120, 6144, 7168, 8192],
    "2048": [1024 * gib for gib in range(4, 17)],
    "4096": [1024 * gib for gib in range(8, 31)],
    "8192": [1024 * gib for gib in (16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60)],
    "16384": [1024 * gib for gib in (32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120)],
}
PAIRS = [(cpu, memory) for cpu, memories in LEGAL.items() for memory in memories]


@pytest.mark.parametrize(("cpu", "memory"), PAIRS)
def test_every_legal_pair(cpu: str, memory: int) -> None:
    assert sizes.cpu_and_memory(int(cpu) / 1024, memory / 1024) == {"cpu": cpu, "memory": str(memory)}


def test_no_pair_but_these_is_legal() -> None:
    known = {(str(int(cpu * 1024)), int(gib * 1024)) for cpu, all_gib in sizes.LEGAL_MEMORY.items() for gib in all_gib}
    assert known == set(PAIRS)
    assert len(known) == 74


def test_the_default_is_not_overridden() -> None:
    assert sizes.cpu_and_memory(None, None) == {}


@pytest.mark.parametrize(
    ("cpu", "memory", "message"),
    [
        (1, None, "cpu=1, memory=None: name both, or neither for the default size"),
        (None, 2, "cpu=None, memory=2: name both, or neither for the default size"),
        (3, 6, "cpu=3 vCPU: legal are 0.25, 0.5, 1, 2, 4, 8, 16"),
        (0, 2, "cpu=0 vCPU: legal are 0.25, 0.5, 1, 2, 4, 8, 16"),
        (-1, 2, "cpu=-1 vCPU: legal are 0.25, 0.5, 1, 2, 4, 8, 16"),
        ("1", 2, "cpu='1' vCPU: legal are 0.25, 0.5, 1, 2, 4, 8, 16"),
        (256, 512, "cpu=256 vCPU: legal are 0.25, 0.5, 1, 2, 4, 8, 16"),
        (0.25, 3, "memory=3 GiB with cpu=0.25 vCPU: legal are 0.5, 1, 2"),
        (1, 1, "memory=1 GiB with cpu=1 vCPU: legal are 2, 3, 4, 5, 6, 7, 8"),
        (1, 2.5, "memory=2.5 GiB with cpu=1 vCPU: legal are 2, 3, 4, 5, 6, 7, 8"),
        (1, 2048, "memory=2048 GiB with cpu=1 vCPU: legal are 2, 3, 4, 5, 6, 7, 8"),
        (8, 17, "memory=17 GiB with cpu=8 vCPU: legal are 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60"),
    ],
)
def test_an_illegal_size_names_the_legal_ones(cpu: Any, memory: Any, message: str) -> None:
    with pytest.raises(sizes.IllegalSize) as failed:
        sizes.cpu_and_memory(cpu, memory)
    assert str(failed.value) == message


@pytest.mark.parametrize("disk", [21, 50, 200])
def test_a_legal_disk(disk: int) -> None:
    assert sizes.checked_disk(disk) == disk


@pytest.mark.parametrize("disk", [20, 0, -1, 201, 30.5, "30", True, None])
def test_an_illegal_disk(disk: Any) -> None:
    with pytest.raises(sizes.IllegalSize) as failed:
        sizes.checked_disk(disk)
    expected = f"disk={disk!r} GiB: legal are whole numbers from 21 to 200; 20 come with every task"
    assert str(failed.value) == expected
