"""What roles are granted, statement by statement."""

from collections.abc import Iterator

from tests.infra.iam.documents import Statement, listed

Granted = list[tuple[str, Statement]]  # with the role


def actions(statement: Statement) -> list[str]:
    return listed(statement["Action"])


def grants(granted: Granted) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each role, an action that it has, and the resources of the statement."""
    for role, statement in granted:
        for action in actions(statement):
            yield role, action, listed(statement["Resource"])
