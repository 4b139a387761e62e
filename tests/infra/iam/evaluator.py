"""Asks a policy evaluator whether a call is allowed: zeuscloud-iamspy, in a process with its own packages."""

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.infra.iam import translation
from tests.infra.iam.documents import Call, Document

JUDGE = Path(__file__).parent / "judge.py"
END_S = 10


class Died(Exception):
    """The evaluator ended, with what it said."""


@dataclass(frozen=True)
class Evaluator:
    process: subprocess.Popen[str]
    errors: Path

    def allows(
        self,
        role: str,
        policies: Iterable[Document],
        call: Call,
        resource_policies: Mapping[str, Document] | None = None,
    ) -> bool:
        """Tell whether a role may make a call, by its own policies and those of resources, ``{ARN: policy}``.

        What is in another account is taken to be open to the role there, so that its own policies decide: the
        evaluator lets through what only that account allows, where AWS asks for both.
        """
        own = [translation.document(policy, call) for policy in policies]
        of_resources = {arn: translation.document(policy, call) for arn, policy in (resource_policies or {}).items()}
        return self._ask(_in_account(role, call.resource), own, of_resources, call)

    def admits(self, role: str, trust: Document, principal: str, call: Call) -> bool:
        """Tell whether a role's trust policy lets a service or an identity provider assume it."""
        if principal == role:
            raise translation.CannotDecide(f"{role} by itself")
        return self._ask(translation.principal_arn(principal), [], {role: translation.document(trust, call)}, call)

    def _ask(self, source: str, own: list[Document], of_resources: dict[str, Document], call: Call) -> bool:
        account = source.split(":")[4]
        question = {
            "policies": own,
            "resource_policies": [
                {"Resource": arn, "Policy": policy, "Account": arn.split(":")[4] or account}
                for arn, policy in of_resources.items()
            ],
            "source": source,
            "action": call.action,
            "resource": translation.resource_arn(call.resource),
            "context": translation.context([*own, *of_resources.values()], call),
            "any_context": call.any_context,
        }
        return bool(self._answer(question))

    def _answer(self, question: dict[str, Any]) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise Died(f"{question}\n{self.errors.read_text()[-3000:]}")
        return json.loads(answer)


def _in_account(role: str, resource: str) -> str:
    """Return the role's ARN, were it in the account of a resource that has one."""
    account = resource.split(":")[4] if resource.startswith("arn:") else ""
    return ":".join([*role.split(":")[:4], account or role.split(":")[4], *role.split(":")[5:]])


@contextmanager
def running(python: Path, folder: Path) -> Iterator[Evaluator]:
    """Run an evaluator whose files are in ``folder``."""
    errors = folder / "judge.log"
    with (
        errors.open("w") as log,
        subprocess.Popen(
            [str(python), str(JUDGE)], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            yield Evaluator(process, errors)
        finally:
            process.terminate()
            process.wait(END_S)
