"""What zeuscloud-iamspy takes, made of what AWS takes, and a refusal of what it would get wrong.

It reads conditions of one value, and principals that are ARNs. What is rewritten means the same to AWS:

- ``${aws:userid}`` is replaced by the value in the context, as AWS does before it compares.
- A key with one value meets ``ForAnyValue:StringEquals`` when it meets ``StringEquals``; an absent one does
  not. It meets ``ForAllValues:StringEquals`` when it meets ``StringEqualsIfExists``.
- A service or an identity provider that assumes a role gets an ARN for a name, in the policy and in the call.

What is refused: operators that test_evaluator.py does not show to be right, NotPrincipal, two patterns in a
NotResource, IfExists in a Deny. It compares ARNs without regard to case: no test may depend on that.
"""

import json
import re
from typing import Any

from tests.infra.iam.documents import Call, Document, Statement, listed, touches

OPERATOR = re.compile(r"(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?")
VARIABLE = re.compile(r"\$\{([^}]+)\}")
PROVEN = {"StringEquals": "StringEquals", "StringLike": "StringEquals", "Bool": "Bool"} | dict.fromkeys(
    ("ArnEquals", "ArnLike"), "ArnEquals"
)
NO_RESOURCE = "arn:aws:none:::no-resource"  # met by "*" alone, as is a call that AWS binds to no resource
WILD = re.compile(r"[*?\s]")


class CannotDecide(Exception):
    """A policy or a call with something that the evaluator would get wrong."""


def principal_arn(name: str) -> str:
    """Return an ARN that stands for a service; an ARN stands for itself."""
    return name if name == "*" or name.startswith("arn:") else f"arn:aws:iam::000000000000:service/{name}"


def resource_arn(resource: str) -> str:
    return NO_RESOURCE if resource == "*" else resource


def document(policy: Document, call: Call) -> Document:
    """Return a policy that says the same of a call, in what the evaluator takes."""
    taken = [_statement(statement, call) for statement in listed(policy["Statement"])]
    return {"Version": policy.get("Version"), "Statement": [statement for statement in taken if statement]}


def _statement(statement: Statement, call: Call) -> Statement | None:
    problem = _problem(statement, call)
    if problem and touches(statement, call.action):
        raise CannotDecide(f"{call}: {problem} in {statement}")
    if problem:
        return None
    made: Statement = {name: statement[name] for name in ("Effect", "Action", "NotAction") if name in statement}
    for name in ("Resource", "NotResource"):
        if name in statement:
            made[name] = _resolved(listed(statement[name]), call)
    if "Resource" in made and not made["Resource"]:
        return None
    if "Principal" in statement:
        made["Principal"] = {"AWS": _principals(statement["Principal"])}
    made["Condition"] = _conditions(statement, call)
    return made


def _problem(statement: Statement, call: Call) -> str:
    if call.any_context and VARIABLE.search(json.dumps(statement)):
        return "a variable whose value is not given"
    operators = [_parts(operator) for operator in statement.get("Condition", {})]
    if unknown := [operator for _, operator, _ in operators if operator not in PROVEN]:
        return f"operator {unknown[0]}"
    if "NotPrincipal" in statement:
        return "NotPrincipal"
    if len(listed(statement.get("NotResource"))) > 1:
        return "two patterns of NotResource"
    loose = any(if_exists or each == "ForAllValues" for each, _, if_exists in operators)
    return "IfExists in a Deny" if loose and statement["Effect"] == "Deny" else ""


def _parts(operator: str) -> tuple[str, str, str]:
    found = OPERATOR.fullmatch(operator)
    return (found[1] or "", found[2], found[3] or "") if found else ("", operator, "")


def _principals(principal: Any) -> list[str]:
    named = {"AWS": principal} if isinstance(principal, str) else principal
    return [principal_arn(name) for names in named.values() for name in listed(names)]


def _conditions(statement: Statement, call: Call) -> dict[str, dict[str, list[str]]]:
    made: dict[str, dict[str, list[str]]] = {}
    for written, keys in statement.get("Condition", {}).items():
        each, operator, if_exists = _parts(written)
        name = operator + ("IfExists" if if_exists or each == "ForAllValues" else "")
        for key, values in keys.items():
            if key in made.get(name, {}):
                raise CannotDecide(f"{name} of {key} twice in {statement}")
            made.setdefault(name, {})[key] = _resolved(listed(values), call)
    return made


def _resolved(patterns: list[str], call: Call) -> list[str]:
    """Fill in variables; a pattern with one that the call does not have meets nothing."""

    def value(found: re.Match[str]) -> str:
        return call.context[found[1]]

    known = [text for text in patterns if all(key in call.context for key in VARIABLE.findall(text))]
    return [VARIABLE.sub(value, text) for text in known]


def context(policies: list[Document], call: Call) -> dict[str, dict[str, list[str]]]:
    """Return a call's context with each key in the types by which the policies compare it."""
    if wild := [text for text in (call.resource, *call.context.values()) if text != "*" and WILD.search(text)]:
        raise CannotDecide(f"{call}: {wild[0]!r} has a blank, a * or a ?")
    made: dict[str, dict[str, list[str]]] = {}
    for key, value in call.context.items():
        for kind in _types(policies, key) or {"StringEquals"}:
            made.setdefault(kind, {})[key] = [value]
    return made


def _types(policies: list[Document], key: str) -> set[str]:
    return {
        PROVEN[operator.removesuffix("IfExists")]
        for policy in policies
        for statement in policy["Statement"]
        for operator, keys in statement["Condition"].items()
        if key in keys
    }
