"""IAM policies as statements, and what an endpoint's policy says of a grant."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.infra.closed_network.model import Model, Resource

DOCUMENT = "aws_iam_policy_document"
Conditions = tuple[tuple[str, str, tuple[str, ...]], ...]  # operator, key, values

# what AWS takes for the resource of an action that roles have with "*", where the action has one after all
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
RESOURCES = {"logs:DescribeLogGroups": "arn:aws:logs:{region}:{account}:log-group:*"}
# in a plan, a resource whose name only an apply will tell
LATER = "?"


class NotUnderstood(AssertionError):
    """A policy has what this does not read: better to learn that than to pass over it."""


@dataclass(frozen=True)
class Statement:
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions


@dataclass(frozen=True)
class Grant:
    """An action that a role may do. ``own`` tells whether it is done with the credentials of this account."""

    role: str
    action: str
    resource: str
    conditions: Conditions = ()
    own: bool = True

    @property
    def service(self) -> str:
        return self.action.partition(":")[0]


def statements(model: Model, resource: Resource, attribute: str) -> list[Statement]:
    """Return the statements of a policy: of its text, or, where a plan does not know that, of what it is made of."""
    text = resource.values.get(attribute)
    if text:
        return _of_text(text)
    documents = [document for document in model.referred(resource, attribute) if document.type == DOCUMENT]
    if not documents:
        raise NotUnderstood(f"{resource.address}: {attribute} is not known, and refers to no {DOCUMENT}")
    return [statement for document in documents for statement in _of_document(document)]


def refusal(model: Model, policy: list[Statement], grant: Grant) -> str:
    """Return "" when the policy of an endpoint lets a grant through, else what it says."""
    matching = [statement for statement in policy if _matches(model, statement, grant)]
    if any(statement.effect == "Deny" for statement in matching):
        return f"its policy denies {grant.action} to {grant.role}"
    if not any(_holds(model, statement, grant) for statement in matching):
        return f"its policy does not admit {grant.action} on {grant.resource} for {grant.role}"
    return ""


def _matches(model: Model, statement: Statement, grant: Grant) -> bool:
    resource = RESOURCES.get(grant.action, "*") if grant.resource == "*" else grant.resource
    resource = resource.format(region=model.region, account=model.account)
    # * in a role's resource is a character like others here: what it stands for has to fit the endpoint's *
    return any(fnmatchcase(grant.action.lower(), action.lower()) for action in statement.actions) and any(
        resource == LATER or fnmatchcase(resource, pattern) for pattern in statement.resources
    )


def _holds(model: Model, statement: Statement, grant: Grant) -> bool:
    return all(_condition_holds(model, *condition, grant) for condition in statement.conditions)


def _condition_holds(model: Model, operator: str, key: str, values: tuple[str, ...], grant: Grant) -> bool:
    if operator in ("StringEquals", "StringEqualsIfExists") and key == "aws:PrincipalAccount":
        return grant.own and model.account in values
    if operator in ("StringEquals", "StringEqualsIfExists") and key == "aws:ResourceAccount":
        return model.account in values and _is_here(model, grant.resource)
    raise NotUnderstood(f"an endpoint's policy has the condition {operator} {key}: teach this test what it admits")


def _is_here(model: Model, resource: str) -> bool:
    """Tell whether a resource is of this account: by its ARN, or because Terraform makes the bucket."""
    if resource.startswith("arn:aws:s3:::"):
        bucket = resource.removeprefix("arn:aws:s3:::").partition("/")[0]
        return bucket in {made.values.get("bucket") for made in model.of("aws_s3_bucket")}
    return resource in ("*", LATER) or f":{model.account}:" in resource


def _of_text(text: str) -> list[Statement]:
    found = json.loads(text)["Statement"]
    return [_of_json(statement) for statement in ([found] if isinstance(found, dict) else found)]


def _of_json(statement: Mapping[str, Any]) -> Statement:
    _refuse(statement, "NotAction", "NotResource", "NotPrincipal")
    conditions = tuple(
        (operator, key, _texts(values))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )
    return Statement(
        statement["Effect"], _texts(statement["Action"]), _texts(statement.get("Resource", "*")), conditions
    )


def _of_document(document: Resource) -> Iterator[Statement]:
    """Read the arguments of the data source that writes a policy."""
    _refuse(document.values, "override_policy_documents", "override_json", "source_json")
    for text in document.list("source_policy_documents"):
        yield from _of_text(text)
    for statement in document.list("statement"):
        _refuse(statement, "not_actions", "not_resources", "not_principals")
        conditions = tuple(
            (condition["test"], condition["variable"], _texts(condition["values"]))
            for condition in statement.get("condition") or []
        )
        yield Statement(
            statement.get("effect") or "Allow",
            _texts(statement["actions"]),
            _texts(statement.get("resources") or [LATER]),
            conditions,
        )


def _refuse(found: Mapping[str, Any], *names: str) -> None:
    present = [name for name in names if found.get(name)]
    if present:
        raise NotUnderstood(f"a policy has {', '.join(present)}: write it by what it allows, or teach this test")


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(LATER if text is None else str(text) for text in (value if isinstance(value, list) else [value]))
