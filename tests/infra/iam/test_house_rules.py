"""What holds for every policy of infra/, asserted on its text; here is also what the evaluator cannot decide."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.infra.iam import roles
from tests.infra.iam.documents import Statement, listed, statements
from tests.infra.iam.grants import Granted, actions, grants
from tests.infra.iam.roles import Account

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/*"}
PASS = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::123456789012:role/task"}
TO_TASKS = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def excludes(statement: Statement) -> bool:
    """Tell whether a statement says what is not allowed, and leaves open what is."""
    return statement["Effect"] != "Allow" or not set(statement) <= {"Sid", "Effect", "Action", "Resource", "Condition"}


def has_patterns_of_actions(statement: Statement) -> bool:
    return any("*" in action or "?" in action for action in listed(statement.get("Action")))


def has_patterns_of_accounts(statement: Statement) -> bool:
    """Tell whether a resource leaves open of which service, region or account it is."""
    return any(
        "*" in ":".join(resource.split(":")[:5]) for resource in listed(statement.get("Resource")) if resource != "*"
    )


def passes_roles_to_anybody(statement: Statement) -> bool:
    passing = "iam:PassRole" in listed(statement.get("Action"))
    named = not any("*" in resource for resource in listed(statement.get("Resource")))
    return passing and not (named and statement.get("Condition") == TO_TASKS)


# each rule with statements that break it
RULES: dict[Callable[[Statement], bool], list[Statement]] = {
    excludes: [
        ALLOW | {"Effect": "Deny"},
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::lake/*"},
    ],
    has_patterns_of_actions: [ALLOW | {"Action": action} for action in ("*", "s3:*", ["s3:PutObject", "s3:Get*"])],
    has_patterns_of_accounts: [
        ALLOW | {"Resource": resource}
        for resource in ("arn:aws:ecs:*:123456789012:task/a", "arn:aws:ecs:us-east-1:*:task/a", "arn:*")
    ],
    passes_roles_to_anybody: [
        PASS,
        PASS | {"Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}},
        PASS | {"Condition": {"StringLike": {"iam:PassedToService": "*"}}},
        PASS | {"Condition": TO_TASKS, "Resource": "arn:aws:iam::123456789012:role/*"},
        PASS | {"Condition": TO_TASKS, "Resource": "*"},
    ],
}


@pytest.mark.parametrize("broken", RULES)
def test_no_statement_breaks_a_rule(granted: Granted, broken: Callable[[Statement], bool]) -> None:
    assert [found for found in granted if broken(found[1])] == []


@pytest.mark.parametrize("broken", RULES)
def test_a_statement_that_breaks_a_rule_is_found(broken: Callable[[Statement], bool]) -> None:
    assert [statement for statement in RULES[broken] if not broken(statement)] == []
    assert not broken(ALLOW)
    assert not broken(PASS | {"Condition": TO_TASKS})


def test_roles_are_passed(granted: Granted) -> None:
    assert {role for role, statement in granted if "iam:PassRole" in actions(statement)} == {"host"}


@pytest.mark.parametrize("role", ["ci_deploy", "ci_plan", 'task["default"]', "execution", "flow_logs"])
def test_who_runs_foreign_code_has_nothing_of_iam(granted: Granted, role: str) -> None:
    assert [action for name, action, _ in grants(granted) if name == role and action.startswith(("iam:", "sts:"))] == []


def test_there_are_no_policies_but_those_that_are_written_here(rendered: dict[str, dict[str, Any]]) -> None:
    """Managed policies of AWS change without notice, and name no resource."""
    assert [address for address in roles.addresses() if address.startswith("aws_iam_role_policy_attachment")] == []
    made = [values for address, values in rendered["plain"].items() if address.startswith("aws_iam_role.")]
    assert made
    policies = [policy for address, policy in rendered["plain"].items() if address.startswith("aws_iam_role_policy.")]
    assert {policy["role"] for policy in policies} == {role["name"] for role in made}


def test_a_role_is_trusted_to_one_principal(account: Account) -> None:
    for name, role in account.roles.items():
        [statement] = listed(role.trust["Statement"])
        [[kind, principal]] = statement["Principal"].items()
        assert kind in ("Service", "Federated"), name
        assert isinstance(principal, str), name
        assert "*" not in principal, name


def test_a_token_s_subject_and_audience_are_looked_at(account: Account) -> None:
    federated = {name: role.trust["Statement"][0] for name, role in account.roles.items() if name.startswith("ci_")}
    assert len(federated) == 2
    for name, statement in federated.items():
        keys = {key for condition in statement["Condition"].values() for key in condition}
        assert keys == {"gitlab.com:sub", "gitlab.com:aud"}, name
    assert set(federated["ci_deploy"]["Condition"]) == {"StringEquals"}


def test_only_one_record_is_written(account: Account) -> None:
    """A call can have several records; each of them has to be this one. The evaluator knows one value of a key."""
    [statement] = [
        found
        for found in statements(account.roles["execution_api_record"].policies)
        if "route53:ChangeResourceRecordSets" in actions(found)
    ]
    key = "route53:ChangeResourceRecordSets"
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {
            f"{key}NormalizedRecordNames": "airflow.example.com",
            f"{key}RecordTypes": "A",
            f"{key}Actions": "UPSERT",
        }
    }
