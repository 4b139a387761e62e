"""How the tables say what a role may do: calls that it must be able to make, each beside those it must not."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tests.infra.iam import documents
from tests.infra.iam.documents import Call, Document, Statement

Change = Callable[[Statement], Statement]


@dataclass(frozen=True)
class Right:
    """A call that a role must be able to make.

    Each call that it must not make differs from it in one thing, so that nothing but this can be why it is
    refused: another action (``not_do``), another resource (``not_on``), another value of a key, or none
    (``not_with``).
    """

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    not_do: tuple[str, ...] = ()
    not_on: tuple[str, ...] = ()
    not_with: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)

    def named(self, names: Mapping[str, str]) -> "Right":
        """Return the right with its ``{names}`` filled in."""

        def fill(text: str) -> str:
            return text.format_map(names)

        return Right(
            self.action,
            fill(self.resource),
            {fill(key): fill(value) for key, value in self.context.items()},
            self.not_do,
            tuple(fill(resource) for resource in self.not_on),
            {
                fill(key): tuple(None if value is None else fill(value) for value in values)
                for key, values in self.not_with.items()
            },
        )

    @property
    def call(self) -> Call:
        return Call(self.action, self.resource, self.context)

    def misses(self) -> Iterator[tuple[Call, Change]]:
        """Yield each call that must be refused, with the change to a policy that would let it through."""
        for action in self.not_do:
            yield replace(self.call, action=action), documents.also(action)
        for resource in self.not_on:
            yield replace(self.call, resource=resource), documents.everywhere
        for key, values in self.not_with.items():
            rest = {name: value for name, value in self.context.items() if name != key}
            for value in values:
                yield replace(self.call, context=rest if value is None else rest | {key: value}), documents.without(key)

    def weakened(self, policies: list[Document], change: Change) -> list[Document]:
        return documents.changed(policies, self.action, change)

    def revoked(self, policies: list[Document]) -> list[Document]:
        return documents.changed(policies, self.action, documents.nothing)
