"""Least privilege: what each role may do is what its table says, and each guard is what keeps it so.

The policies are those that Terraform renders; a policy evaluator decides. A call that must be refused is
asked for a second time with its guard taken away (the condition dropped, the resource widened, the action
added), and has to be let through then: so a table that could not fail would be found out.

The evaluator compares ARNs without regard to case, and knows no key with several values, as a call with
several tags or several records has: test_house_rules.py asserts those on the policy's text.
"""

from collections.abc import Iterable

import pytest

from tests.infra.iam import documents
from tests.infra.iam.documents import Call, Document, listed, matches, statements
from tests.infra.iam.evaluator import Evaluator
from tests.infra.iam.rights import Right
from tests.infra.iam.roles import Account
from tests.infra.iam.tables import NEVER, RIGHTS, tasks
from tests.infra.iam.tables.trust import NOBODY, TRUST, Trust
from tests.infra.iam.translation import VARIABLE

ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
TLS = {"aws:SecureTransport": "true"}
EXEC = [*RIGHTS['task["default"]'], *tasks.EXEC]


def allowed(evaluator: Evaluator, account: Account, role: str, policies: Iterable[Document], call: Call) -> bool:
    """Ask for a call as it is made: to S3 by TLS, and with the bucket's policy."""
    if call.action.startswith("s3:") and not call.any_context:
        call = Call(call.action, call.resource, TLS | dict(call.context))
    return evaluator.allows(account.roles[role].arn, policies, call, account.buckets)


def unknown(account: Account, role: str, rights: list[Right]) -> set[tuple[str, str]]:
    """Return what a role is granted and no right of a table is about: {(action, resource)}."""
    calls = [right.named(account.names).call for right in rights]
    return {
        (action, resource)
        for statement in statements(account.roles[role].policies)
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
        if not any(call.action == action and matches(VARIABLE.sub("*", resource), call.resource) for call in calls)
    }


def test_every_role_has_its_tables(account: Account) -> None:
    assert set(RIGHTS) == set(NEVER) == set(TRUST) == set(account.roles)
    assert all(NEVER.values())
    assert all(TRUST.values())


@pytest.mark.parametrize("role", RIGHTS)
def test_the_table_has_all_that_the_role_is_granted(account: Account, role: str) -> None:
    assert unknown(account, role, RIGHTS[role]) == set()


def test_the_table_has_all_that_a_task_with_ecs_exec_is_granted(exec_account: Account) -> None:
    assert unknown(exec_account, 'task["default"]', EXEC) == set()


@pytest.mark.parametrize("role", RIGHTS)
def test_a_right_that_is_missing_in_the_table_is_found(account: Account, role: str) -> None:
    """Each right that stands alone for its action is missed when it is left out."""
    actions = [right.action for right in RIGHTS[role]]
    alone = [right for right in RIGHTS[role] if actions.count(right.action) == 1]
    assert alone
    for right in alone:
        rest = [other for other in RIGHTS[role] if other is not right]
        assert {action for action, _ in unknown(account, role, rest)} == {right.action}


def check(evaluator: Evaluator, account: Account, role: str, right: Right) -> None:
    """Check a right, that nothing beside it is allowed, and that each guard is what forbids it."""
    right = right.named(account.names)
    policies = account.roles[role].policies
    assert allowed(evaluator, account, role, policies, right.call), right.call
    assert not allowed(evaluator, account, role, right.revoked(policies), right.call), right.call
    for call, change in right.misses():
        assert not allowed(evaluator, account, role, policies, call), call
        assert allowed(evaluator, account, role, right.weakened(policies, change), call), (
            f"{call}: something else forbids it"
        )


@pytest.mark.parametrize(
    ("role", "right"),
    [pytest.param(role, right, id=f"{role}-{right.call}") for role, rights in RIGHTS.items() for right in rights],
)
def test_rights(evaluator: Evaluator, account: Account, role: str, right: Right) -> None:
    check(evaluator, account, role, right)


@pytest.mark.parametrize("right", tasks.EXEC, ids=lambda right: str(right.call))
def test_rights_of_a_task_with_ecs_exec(evaluator: Evaluator, exec_account: Account, right: Right) -> None:
    check(evaluator, exec_account, 'task["default"]', right)


@pytest.mark.parametrize("role", NEVER)
def test_never(evaluator: Evaluator, account: Account, role: str) -> None:
    """Whatever the circumstances: no context at all lets these calls through."""
    policies = account.roles[role].policies
    for action, resource in NEVER[role]:
        call = Call(action, resource.format_map(account.names), any_context=True)
        assert not allowed(evaluator, account, role, policies, call), call
        assert allowed(evaluator, account, role, [*policies, ANYTHING], call), call


@pytest.mark.parametrize("role", [role for role, rights in RIGHTS.items() if any("s3:" in r.action for r in rights)])
def test_s3_by_tls_only(evaluator: Evaluator, account: Account, role: str) -> None:
    rights = [right.named(account.names) for right in RIGHTS[role] if right.action.startswith("s3:")]
    ours = [right for right in rights if right.resource.partition("/")[0] in account.buckets]
    assert ours or role == "ci_plan"
    for right in ours:
        call = Call(right.action, right.resource, {"aws:SecureTransport": "false"})
        assert not allowed(evaluator, account, role, account.roles[role].policies, call), call


@pytest.mark.parametrize(
    ("role", "trust"),
    [pytest.param(role, trust, id=f"{role}-{trust.principal}") for role, known in TRUST.items() for trust in known],
)
def test_trust(evaluator: Evaluator, account: Account, role: str, trust: Trust) -> None:
    arn, policy = account.roles[role].arn, account.roles[role].trust
    names = {**account.names, "role": arn}
    right, principal = trust.right.named(names), trust.principal.format_map(names)
    assert evaluator.admits(arn, policy, principal, right.call)
    for call, change in right.misses():
        assert not evaluator.admits(arn, policy, principal, call), call
        [weakened] = right.weakened([policy], change)
        assert evaluator.admits(arn, weakened, principal, call), f"{call}: something else forbids it"
    [open_to_all] = documents.changed([policy], right.action, lambda statement: statement | {"Principal": "*"})
    for other in (*trust.not_by, *NOBODY):
        assert not evaluator.admits(arn, policy, other.format_map(names), right.call), other
        assert evaluator.admits(arn, open_to_all, other.format_map(names), right.call), other
