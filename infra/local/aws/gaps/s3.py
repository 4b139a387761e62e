"""S3: a bucket policy's statement with a condition refuses nothing.

moto takes a condition that it cannot evaluate for one that refuses, so that a bucket for TLS only takes no object.
A call to the emulator counts as TLS: it never leaves the machine. Other conditions are not decided either, as moto
authorizes no call.
"""

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket


def close() -> None:
    FakeBucket.get_permission = _permission


def _permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    policy = _unconditional(json.loads(bucket.policy))
    return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)


def _unconditional(policy: dict[str, Any]) -> dict[str, Any]:
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    return {**policy, "Statement": [statement for statement in statements if not statement.get("Condition")]}
