from typing import Any


def rotation(client: Any, **asked: int) -> tuple[bool, int | None]:
    kms = client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, **asked)
    told = kms.get_key_rotation_status(KeyId=key)
    return told["KeyRotationEnabled"], told.get("RotationPeriodInDays")


def test_a_key_is_changed_once_a_year(gap: Any) -> None:
    gap(rotation, (True, 365))


def test_a_key_is_changed_as_often_as_asked(gap: Any) -> None:
    gap(lambda client: rotation(client, RotationPeriodInDays=180), (True, 180))


def test_a_key_that_does_not_change_has_no_period(closed: Any) -> None:
    key = closed("kms").create_key()["KeyMetadata"]["KeyId"]
    told = closed("kms").get_key_rotation_status(KeyId=key)
    assert (told["KeyRotationEnabled"], "RotationPeriodInDays" in told) == (False, False)
