"""KMS: how often a key is changed.

https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html
"""

import json
from typing import Any

from moto.kms.responses import KmsResponse

USUAL_DAYS = 365


def close() -> None:
    enable, status = KmsResponse.enable_key_rotation, KmsResponse.get_key_rotation_status

    def enable_key_rotation(response: KmsResponse) -> str:
        answer: str = enable(response)
        _key(response).rotation_days = response._get_param("RotationPeriodInDays") or USUAL_DAYS
        return answer

    def get_key_rotation_status(response: KmsResponse) -> str:
        answer = json.loads(status(response))
        if answer["KeyRotationEnabled"]:
            answer["RotationPeriodInDays"] = getattr(_key(response), "rotation_days", USUAL_DAYS)
        return json.dumps(answer)

    KmsResponse.enable_key_rotation = enable_key_rotation
    KmsResponse.get_key_rotation_status = get_key_rotation_status


def _key(response: KmsResponse) -> Any:
    backend = response.kms_backend
    return backend.keys[backend.get_key_id(response._get_param("KeyId"))]
