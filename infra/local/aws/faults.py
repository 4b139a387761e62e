"""What can be made to go wrong, from outside, while tasks run."""

import math
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeGuard

PROVIDERS = ("FARGATE", "FARGATE_SPOT")


class IllegalFault(ValueError):
    """A fault that does not exist or has an illegal value; the message says what is legal."""


@dataclass(frozen=True)
class Quota:
    """A rate quota of AWS: a bucket of ``burst`` tokens, refilled with ``rate`` a second."""

    burst: float
    rate: float


# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html
LAUNCHES = Quota(burst=100, rate=20)
CALLS = Quota(burst=20, rate=20)


@dataclass(frozen=True)
class Faults:
    """The faults in force. Absent means off; the two quotas are on by default, as in AWS.

    Shares are between 0 and 1 and decided for each call or task; times are in seconds but for
    ``run_task_latency_ms``. A task keeps the faults under which it was launched.
    """

    run_task_latency_ms: float = 0
    quota: Quota | None = LAUNCHES
    call_quota: Quota | None = CALLS
    throttle: float = 0
    throttle_describe: float = 0
    timeout_after_accept: float = 0
    vcpus: float | None = None
    no_capacity: list[str] = field(default_factory=list)
    interrupt_spot_after_s: float | None = None
    kill_after_s: float | None = None
    fail_pull: float = 0
    provision_s: float = 0.1
    noop: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


SHARES = ("throttle", "throttle_describe", "timeout_after_accept", "fail_pull")
SECONDS = ("run_task_latency_ms", "interrupt_spot_after_s", "kill_after_s", "provision_s")
QUOTAS = ("quota", "call_quota")
NAMES = tuple(f.name for f in fields(Faults))


def parse(body: Any) -> Faults:
    """Build Faults from the JSON of ``PUT /_fargate/faults``; what is absent is off."""
    if not isinstance(body, dict):
        raise IllegalFault(f'expected a JSON object such as {{"fail_pull": 0.5}}, got {body!r}')
    return Faults(**{name: _value(name, value) for name, value in body.items()})


def _value(name: str, value: Any) -> Any:
    if name not in NAMES:
        raise IllegalFault(f"unknown fault {name!r}; legal are {', '.join(NAMES)}")
    if name in QUOTAS:
        return None if value is None else _quota(name, value)
    if name == "no_capacity":
        return _providers(value)
    if name == "noop":
        return _boolean(value)
    return _number(name, value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise IllegalFault(f"noop is true or false, not {value!r}")
    return value


def _number(name: str, value: Any) -> float | None:
    if value is None and name in ("interrupt_spot_after_s", "kill_after_s", "vcpus"):
        return None
    top = 1 if name in SHARES else float("inf")
    if not _is_number(value) or not 0 <= value <= top:
        legal = "a share from 0 to 1" if name in SHARES else "a number from 0"
        raise IllegalFault(f"{name} is {legal}, not {value!r}")
    return value


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _quota(name: str, value: Any) -> Quota:
    numbers = (
        isinstance(value, dict)
        and set(value) == {"burst", "rate"}
        and all(_is_number(v) and v > 0 for v in value.values())
    )
    if not numbers:
        raise IllegalFault(f'{name} is {{"burst": number, "rate": number a second}} or null, not {value!r}')
    return Quota(**value)


def _providers(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(provider in PROVIDERS for provider in value):
        raise IllegalFault(f"no_capacity is a list of {' and '.join(PROVIDERS)}, not {value!r}")
    return value
