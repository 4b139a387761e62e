"""What the roles of hosts and workers may do, and which services they need for that."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.infra.closed_network.model import Model, Resource
from tests.infra.closed_network.policies import Grant, NotUnderstood, statements
from tests.infra.closed_network.use import Use, by_permission

HOSTS, WORKERS = "hosts", "workers"
# who takes a role, and from where it then calls AWS; None is AWS itself or the outside, which have their own network
TAKERS = {
    "ec2.amazonaws.com": HOSTS,
    "ecs-tasks.amazonaws.com": WORKERS,  # a task, and Fargate's agent, which uses the network of the task
    "events.amazonaws.com": None,
    "states.amazonaws.com": None,
    "vpc-flow-logs.amazonaws.com": None,
    "Federated": None,  # pipelines of CI, on machines of their own
}


@dataclass(frozen=True)
class Excuse:
    """Permissions for which no call leaves the network. ``holds`` decides for each of them, not for the service."""

    reason: str
    holds: Callable[[Grant], bool]


EXCUSES = {
    "kms": Excuse(
        "S3 and Secrets Manager call KMS in the name of the role: kms:ViaService admits no call of its own",
        lambda grant: any(key == "kms:ViaService" for _, key, _ in grant.conditions),
    ),
    "iam": Excuse(
        "nobody calls PassRole: ECS looks it up when it is asked to run a task",
        lambda grant: grant.action == "iam:PassRole",
    ),
}


def uses(model: Model, caller: str) -> Iterator[Use]:
    """Return the services that the roles of a caller are allowed to use, but those with an excuse."""
    for grant in grants(model, caller):
        if not is_excused(grant):
            yield by_permission(grant.service, f"{grant.role} ({grant.action})")


def is_excused(grant: Grant) -> bool:
    return grant.service in EXCUSES and EXCUSES[grant.service].holds(grant)


def grants(model: Model, caller: str) -> list[Grant]:
    """Return each action that a role of a caller may do, with each of its resources."""
    return [
        Grant(role.address, action, resource, statement.conditions)
        for role in roles(model, caller)
        for policy in _policies(model, role)
        for statement in statements(model, policy, "policy")
        if statement.effect == "Allow"
        for action in statement.actions
        for resource in statement.resources
    ]


def roles(model: Model, caller: str) -> list[Resource]:
    return [role for role in model.of("aws_iam_role") if _caller(role) == caller]


def takers(role: Resource) -> set[str]:
    """Return the services that may take a role, or the kind of those that are none."""
    trusted = json.loads(role.values["assume_role_policy"])["Statement"]
    return {taker for statement in trusted for taker in _takers(statement["Principal"])}


def _caller(role: Resource) -> str | None:
    found = takers(role)
    if unknown := found - set(TAKERS):
        raise NotUnderstood(f"{role.address} is for {sorted(unknown)}: say in TAKERS from where that calls AWS")
    callers = {TAKERS[taker] for taker in found}
    if len(callers) != 1:
        raise NotUnderstood(f"{role.address} is for several: {', '.join(sorted(found))}")
    return callers.pop()


def _takers(principal: dict[str, str | list[str]]) -> Iterator[str]:
    for kind, names in principal.items():
        yield from [kind] if kind != "Service" else [names] if isinstance(names, str) else names


def _policies(model: Model, role: Resource) -> list[Resource]:
    """Return the policies of a role, each of which is a resource; others could not be read here."""
    own = [policy for policy in model.of("aws_iam_role_policy") if _is_of(model, policy, role)]
    attached = [other.address for other in model.of("aws_iam_role_policy_attachment") if _is_of(model, other, role)]
    inline = {policy.get("name") for policy in role.list("inline_policy")} - {policy.values["name"] for policy in own}
    if attached or inline or role.list("managed_policy_arns") or not own:
        raise NotUnderstood(f"{role.address}: write all that it allows as aws_iam_role_policy, and nothing elsewhere")
    return own


def _is_of(model: Model, policy: Resource, role: Resource) -> bool:
    name = policy.values.get("role")
    return role in model.referred(policy, "role") if name is None else name == role.values["name"]
