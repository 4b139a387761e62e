"""The evaluator evaluates: what AWS documents of a policy's elements is what it answers.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from typing import Any

import pytest

from tests.infra.iam.documents import Call, Document
from tests.infra.iam.evaluator import Evaluator
from tests.infra.iam.translation import CannotDecide

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/host"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com"
ECS = f"arn:aws:ecs:ap-northeast-2:{ACCOUNT}"
WORKER, CLUSTER, OTHER = f"{ECS}:task-definition/worker:3", f"{ECS}:cluster/airflow", f"{ECS}:cluster/other"
MAIN = "project_path:group/airflow:ref_type:branch:ref:main"
BUCKET, OBJECT = "arn:aws:s3:::lake", "arn:aws:s3:::lake/raw/a.csv"


def allow(
    action: Any = "ecs:RunTask", resource: Any = f"{ECS}:task-definition/worker:*", **more: Any
) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def condition(operator: str, key: str, *values: str) -> dict[str, Any]:
    return allow(Condition={operator: {key: list(values)}})


# operator, values in the policy, [(value in the call or None, whether it is allowed)]
OPERATORS = [
    ("StringEquals", ["a", "b"], [("a", True), ("b", True), ("c", False), ("A", False), ("ab", False), (None, False)]),
    ("StringEquals", ["a*"], [("ab", False)]),
    ("StringLike", ["a*c", "x?z"], [("abbc", True), ("ac", True), ("xyz", True), ("xyyz", False), ("abd", False)]),
    ("StringLike", ["a*"], [("Ab", False), ("ba", False), (None, False)]),
    ("Bool", ["true"], [("true", True), ("false", False), (None, False)]),
    ("Bool", ["false"], [("true", False), ("false", True), (None, False)]),
    ("BoolIfExists", ["true"], [("true", True), ("false", False), (None, True)]),
    ("StringEqualsIfExists", ["a"], [("a", True), ("b", False), (None, True)]),
    ("StringLikeIfExists", ["a*"], [("ab", True), ("b", False), (None, True)]),
    ("ArnEquals", [CLUSTER], [(CLUSTER, True), (OTHER, False), (f"{CLUSTER}-2", False), (None, False)]),
    ("ArnLike", [f"{ECS}:cluster/air*"], [(CLUSTER, True), (OTHER, False), (None, False)]),
    ("ArnLike", [f"arn:aws:ecs:*:{ACCOUNT}:*"], [(CLUSTER, True), (CLUSTER.replace(ACCOUNT, "1" * 12), False)]),
    ("ArnEqualsIfExists", [CLUSTER], [(CLUSTER, True), (OTHER, False), (None, True)]),
    # of keys with one value in the call
    ("ForAnyValue:StringEquals", ["a", "b"], [("a", True), ("c", False), (None, False)]),
    ("ForAllValues:StringEquals", ["a", "b"], [("a", True), ("c", False), (None, True)]),
    ("StringEquals", ["${aws:userid}-x"], [("me-x", True), ("you-x", False)]),
]


@pytest.mark.parametrize(("operator", "values", "cases"), OPERATORS, ids=[f"{row[0]}-{row[1][0]}" for row in OPERATORS])
def test_conditions(
    evaluator: Evaluator, operator: str, values: list[str], cases: list[tuple[str | None, bool]]
) -> None:
    guarded = policy(condition(operator, "k:key", *values))
    for value, expected in cases:
        given = {"aws:userid": "me"} | ({} if value is None else {"k:key": value})
        assert evaluator.allows(ROLE, [guarded], Call("ecs:RunTask", WORKER, given)) is expected, value


def test_all_conditions_of_a_statement_hold(evaluator: Evaluator) -> None:
    guarded = policy(allow(Condition={"StringEquals": {"k:a": "1", "k:b": "2"}, "ArnEquals": {"k:c": CLUSTER}}))
    right = {"k:a": "1", "k:b": "2", "k:c": CLUSTER}
    assert evaluator.allows(ROLE, [guarded], Call("ecs:RunTask", WORKER, right))
    for key in right:
        wrong = {name: value for name, value in right.items() if name != key}
        assert not evaluator.allows(ROLE, [guarded], Call("ecs:RunTask", WORKER, wrong)), key


# statements, action, resource, whether it is allowed
ELEMENTS = [
    ([allow()], "ecs:RunTask", WORKER, True),
    ([allow()], "ecs:runtask", WORKER, True),
    ([allow()], "ecs:StopTask", WORKER, False),
    ([allow()], "ecs:RunTask", f"{ECS}:task-definition/workers:3", False),
    ([allow()], "ecs:RunTask", WORKER.replace(ACCOUNT, "1" * 12), False),
    ([allow("ecs:*Task*")], "ecs:StopTask", WORKER, True),
    ([allow(resource="*")], "ecs:RunTask", "*", True),
    ([allow()], "ecs:RunTask", "*", False),
    ([{"Effect": "Allow", "NotAction": ["iam:*", "ecs:Stop*"], "Resource": "*"}], "ecs:RunTask", WORKER, True),
    ([{"Effect": "Allow", "NotAction": ["iam:*", "ecs:Stop*"], "Resource": "*"}], "ecs:StopTask", WORKER, False),
    ([{"Effect": "Allow", "Action": "ecs:*", "NotResource": f"{ECS}:cluster/*"}], "ecs:RunTask", WORKER, True),
    ([{"Effect": "Allow", "Action": "ecs:*", "NotResource": f"{ECS}:cluster/*"}], "ecs:DeleteCluster", CLUSTER, False),
    ([allow("*", "*"), {"Effect": "Deny", "Action": "ecs:*", "Resource": WORKER}], "ecs:RunTask", WORKER, False),
    ([allow("*", "*"), {"Effect": "Deny", "Action": "ecs:*", "Resource": WORKER}], "ecs:RunTask", CLUSTER, True),
    ([allow("s3:GetObject", f"{BUCKET}/${{aws:userid}}/*")], "s3:GetObject", f"{BUCKET}/me/a", True),
    ([allow("s3:GetObject", f"{BUCKET}/${{aws:userid}}/*")], "s3:GetObject", f"{BUCKET}/you/a", False),
    ([allow("s3:GetObject", f"{BUCKET}/${{aws:absent}}/*")], "s3:GetObject", f"{BUCKET}/me/a", False),
]


@pytest.mark.parametrize(("statements", "action", "resource", "expected"), ELEMENTS)
def test_elements(evaluator: Evaluator, statements: list[Any], action: str, resource: str, expected: bool) -> None:
    call = Call(action, resource, {"aws:userid": "me"})
    assert evaluator.allows(ROLE, [policy(*statements)], call) is expected


ELSEWHERE = WORKER.replace(ACCOUNT, "1" * 12)


@pytest.mark.parametrize(("resource", "expected"), [("*", True), (ELSEWHERE, True), (WORKER, False)])
def test_another_account_s_resource_is_for_the_role_s_policies_to_say(
    evaluator: Evaluator, resource: str, expected: bool
) -> None:
    assert evaluator.allows(ROLE, [policy(allow(resource=resource))], Call("ecs:RunTask", ELSEWHERE)) is expected


TLS = {
    "Effect": "Deny",
    "Action": "s3:*",
    "Principal": "*",
    "Resource": [BUCKET, f"{BUCKET}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


@pytest.mark.parametrize(("transport", "expected"), [("true", True), ("false", False)])
def test_a_resource_s_policy_denies(evaluator: Evaluator, transport: str, expected: bool) -> None:
    own = policy(allow("s3:GetObject", f"{BUCKET}/*"))
    call = Call("s3:GetObject", OBJECT, {"aws:SecureTransport": transport})
    assert evaluator.allows(ROLE, [own], call, {BUCKET: policy(TLS)}) is expected


@pytest.mark.parametrize(("principal", "expected"), [(ROLE, True), (ROLE + "2", False)])
def test_a_resource_s_policy_allows(evaluator: Evaluator, principal: str, expected: bool) -> None:
    of_bucket = policy(allow("s3:GetObject", f"{BUCKET}/*", Principal={"AWS": principal}))
    assert evaluator.allows(ROLE, [], Call("s3:GetObject", OBJECT), {BUCKET: of_bucket}) is expected


WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
GITLAB = {"StringEquals": {"gitlab.com:aud": "https://gitlab.com", "gitlab.com:sub": MAIN}}
TRUST = {
    "service": policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}),
    "federated": policy(
        {"Effect": "Allow", "Action": WEB_IDENTITY, "Principal": {"Federated": PROVIDER}, "Condition": GITLAB}
    ),
}
TOKEN = {"gitlab.com:aud": "https://gitlab.com", "gitlab.com:sub": MAIN}
TRUSTED = [
    ("service", "ec2.amazonaws.com", "sts:AssumeRole", {}, True),
    ("service", "ecs-tasks.amazonaws.com", "sts:AssumeRole", {}, False),
    ("service", f"arn:aws:iam::{ACCOUNT}:role/somebody", "sts:AssumeRole", {}, False),
    ("federated", PROVIDER, WEB_IDENTITY, TOKEN, True),
    ("federated", PROVIDER, "sts:AssumeRole", TOKEN, False),
    ("federated", f"{PROVIDER}.evil.example", WEB_IDENTITY, TOKEN, False),
    ("federated", PROVIDER, WEB_IDENTITY, TOKEN | {"gitlab.com:sub": f"{MAIN}2"}, False),
    ("federated", PROVIDER, WEB_IDENTITY, TOKEN | {"gitlab.com:aud": "https://other.example"}, False),
    ("federated", PROVIDER, WEB_IDENTITY, {"gitlab.com:aud": "https://gitlab.com"}, False),
]


@pytest.mark.parametrize(("trust", "principal", "action", "context", "expected"), TRUSTED)
def test_trust(
    evaluator: Evaluator, trust: str, principal: str, action: str, context: dict[str, str], expected: bool
) -> None:
    assert evaluator.admits(ROLE, TRUST[trust], principal, Call(action, ROLE, context)) is expected


UNDECIDED = [
    condition("StringNotEquals", "k:key", "a"),
    condition("Null", "k:key", "true"),
    condition("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
    {"Effect": "Allow", "Action": "ecs:*", "NotResource": [f"{ECS}:cluster/*", f"{ECS}:task/*"]},
    condition("StringEqualsIfExists", "k:key", "a") | {"Effect": "Deny"},
]


@pytest.mark.parametrize("statement", UNDECIDED, ids=str)
def test_what_it_would_get_wrong_is_refused(evaluator: Evaluator, statement: dict[str, Any]) -> None:
    with pytest.raises(CannotDecide):
        evaluator.allows(ROLE, [policy(allow("*", "*"), statement)], Call("ecs:RunTask", WORKER))
    # a statement about other calls is in nobody's way
    assert evaluator.allows(ROLE, [policy(allow("*", "*"), statement)], Call("s3:GetObject", OBJECT))


@pytest.mark.parametrize("call", [Call("s3:GetObject", f"{BUCKET}/*"), Call("s3:GetObject", OBJECT, {"k:key": "a b"})])
def test_a_call_with_a_pattern_is_refused(evaluator: Evaluator, call: Call) -> None:
    with pytest.raises(CannotDecide):
        evaluator.allows(ROLE, [policy(allow("*", "*"))], call)
