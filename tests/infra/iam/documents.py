"""IAM policy documents: reading their statements, and weakening them."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]
Statement = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """What is asked of AWS, and what AWS knows of it: one value for each key, or whatever would let it through."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    any_context: bool = False

    def __str__(self) -> str:
        given = ", whatever the context" * self.any_context
        given += "".join(f", {key}={value}" for key, value in self.context.items())
        return f"{self.action} on {self.resource}{given}"


def listed(value: Any) -> list[Any]:
    """Return what IAM writes as one value or as a list of them, as a list."""
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def statements(documents: Iterable[Document]) -> list[Statement]:
    return [statement for document in documents for statement in listed(document["Statement"])]


def matches(pattern: str, text: str) -> bool:
    """Tell whether a text fits a pattern with IAM's ``*`` and ``?``."""
    expression = "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def touches(statement: Statement, action: str) -> bool:
    """Tell whether a statement is about an action."""
    if "NotAction" in statement:
        return not any(matches(pattern.lower(), action.lower()) for pattern in listed(statement["NotAction"]))
    return any(matches(pattern.lower(), action.lower()) for pattern in listed(statement["Action"]))


def changed(
    documents: Iterable[Document], action: str, change: Callable[[Statement], Statement | None]
) -> list[Document]:
    """Return documents whose statements about an action are changed, or gone where ``change`` says None."""

    def one(statement: Statement) -> Statement | None:
        return change(statement) if touches(statement, action) else statement

    return [
        document | {"Statement": [new for old in listed(document["Statement"]) if (new := one(old))]}
        for document in documents
    ]


def without(key: str) -> Callable[[Statement], Statement]:
    """Return a change that drops a key from a statement's conditions."""

    def change(statement: Statement) -> Statement:
        conditions = {
            operator: {name: value for name, value in keys.items() if name != key}
            for operator, keys in statement.get("Condition", {}).items()
        }
        return statement | {"Condition": {operator: keys for operator, keys in conditions.items() if keys}}

    return change


def everywhere(statement: Statement) -> Statement:
    """Widen a statement to every resource."""
    return statement | {"Resource": "*"}


def also(action: str) -> Callable[[Statement], Statement]:
    """Return a change that adds an action."""
    return lambda statement: statement | {"Action": [*listed(statement["Action"]), action]}


def nothing(statement: Statement) -> None:
    """Take a statement away."""
