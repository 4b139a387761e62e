"""The faults that can be injected, and how."""

import pytest

NAMES = (
    "run_task_latency_ms",
    "quota",
    "call_quota",
    "throttle",
    "throttle_describe",
    "timeout_after_accept",
    "vcpus",
    "no_capacity",
    "interrupt_spot_after_s",
    "kill_after_s",
    "fail_pull",
    "provision_s",
    "noop",
)
OFF = {
    "run_task_latency_ms": 0,
    "quota": {"burst": 100, "rate": 20},
    "call_quota": {"burst": 20, "rate": 20},
    "throttle": 0,
    "throttle_describe": 0,
    "timeout_after_accept": 0,
    "vcpus": None,
    "no_capacity": [],
    "interrupt_spot_after_s": None,
    "kill_after_s": None,
    "fail_pull": 0,
    "provision_s": 0.1,
    "noop": False,
}


def test_what_is_absent_is_off(pages):
    pages.inject(fail_pull=0.5, noop=True)
    assert pages.ask("faults", "PUT", {}) == (200, OFF)
    assert pages.ask("faults", "PUT", b"") == (200, OFF)
    assert pages.get("faults") == OFF


def test_the_faults_in_force_can_be_read(pages):
    faults = {
        "run_task_latency_ms": 1,
        "quota": None,
        "call_quota": {"burst": 1.5, "rate": 0.1},
        "throttle": 0.1,
        "throttle_describe": 0.2,
        "timeout_after_accept": 1,
        "vcpus": 4.5,
        "no_capacity": ["FARGATE"],
        "interrupt_spot_after_s": 0,
        "kill_after_s": 2.5,
        "fail_pull": 0.4,
        "provision_s": 0,
        "noop": True,
    }
    assert pages.ask("faults", "PUT", faults) == (200, faults)
    assert pages.get("faults") == faults


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"3",
        {"no_such_fault": 1},
        {"throttle": 1.1},
        {"throttle": -0.1},
        {"throttle": "0.5"},
        {"throttle": True},
        {"throttle_describe": 2},
        {"timeout_after_accept": None},
        {"fail_pull": [1]},
        {"provision_s": -1},
        {"provision_s": None},
        {"run_task_latency_ms": "1"},
        {"kill_after_s": -1},
        {"interrupt_spot_after_s": "soon"},
        {"quota": {"burst": 100}},
        {"quota": {"burst": 0, "rate": 1}},
        {"quota": {"burst": True, "rate": True}},
        {"quota": {"burst": 1, "rate": 1, "other": 1}},
        {"call_quota": 20},
        {"no_capacity": "FARGATE"},
        {"no_capacity": ["EC2"]},
        {"no_capacity": [["FARGATE"]]},
        {"no_capacity": [{}]},
        {"noop": 1},
    ],
)
def test_an_illegal_fault_is_refused_and_the_old_ones_stay(pages, body):
    pages.inject(fail_pull=0.25)
    before = pages.get("faults")
    status, answer = pages.ask("faults", "PUT", body)
    assert status == 400
    if isinstance(body, dict):
        assert next(iter(body)) in answer["error"]
    assert pages.get("faults") == before


def test_an_unknown_fault_is_answered_with_the_legal_ones(pages):
    _, answer = pages.ask("faults", "PUT", {"no_such_fault": 1})
    assert answer["error"] == f"unknown fault 'no_such_fault'; legal are {', '.join(NAMES)}"
