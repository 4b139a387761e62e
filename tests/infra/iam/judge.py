"""Decides calls by zeuscloud-iamspy, in its own environment: it needs a pydantic that Airflow does not take.

A question is a line of JSON on standard input, its answer a line on standard output:

    {"policies": [DOCUMENT, …], "resource_policies": [{"Resource": ARN, "Policy": DOCUMENT, "Account": ID}, …],
     "source": ARN, "action": "s3:GetObject", "resource": ARN, "context": {"StringEquals": {KEY: [VALUE]}},
     "any_context": false}

``policies`` are those of the role ``source``. The evaluator keeps a file in the current folder.
"""

import json
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import z3
from zeuscloud_iamspy import Model

CONTEXT = Path("context.json")
LONGEST_MS = 20_000


class Undecided(Exception):
    """The solver gave up, which the evaluator itself would call a "no"."""


# it writes all constraints of a question into a line for nobody's log, which is half of its time
z3.set_option(max_depth=1, max_args=1)


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(decide(json.loads(line))), flush=True)


def decide(question: dict[str, Any]) -> bool:
    CONTEXT.write_text(json.dumps(question["context"]))
    source, action, resource = question["source"], question["action"], question["resource"]
    model = _model(source, json.dumps(question["policies"]), json.dumps(question["resource_policies"]))
    # strict: a key that the context does not have is absent; else it is whatever lets the call through
    solver: Any = model.can_i(
        source,
        action,
        resource,
        condition_file=str(CONTEXT),
        strict_conditions=not question["any_context"],
        debug=True,
    )
    solver.set("timeout", LONGEST_MS)
    verdict = solver.check()
    if verdict == z3.unknown:
        raise Undecided(f"{action} on {resource}: {solver.reason_unknown()}")
    return bool(verdict == z3.sat)


@lru_cache(maxsize=64)
def _model(source: str, policies: str, resource_policies: str) -> Model:
    model = Model()
    model.load_gaad_json(_account(source, json.loads(policies)))
    model.load_resource_policies_json(json.loads(resource_policies))
    return model


def _account(role: str, policies: list[Any]) -> dict[str, Any]:
    """Return an account with one role, as `aws iam get-account-authorization-details` prints it."""
    inline = [{"PolicyName": str(number), "PolicyDocument": policy} for number, policy in enumerate(policies)]
    described = {
        "Path": "/",
        "RoleName": role.rpartition("/")[2],
        "RoleId": "AROA",
        "Arn": role,
        "CreateDate": "2026-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": {"Statement": []},
        "InstanceProfileList": [],
        "RolePolicyList": inline,
        "RoleLastUsed": {},
    }
    return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [described], "Policies": []}


if __name__ == "__main__":
    main()
