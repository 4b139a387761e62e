"""The tags of a task: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html"""

import re
from typing import Any

from moto.ecs.exceptions import InvalidParameterException

MOST = 50
KEY = re.compile(r"(?!aws:)[\w .:/=+@-]{1,128}", re.IGNORECASE)
VALUE = re.compile(r"[\w .:/=+@-]{0,256}")


def of_task(request: dict[str, Any], inherited: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the tags that RunTask gives a task, of which some may be its definition's, or refuse."""
    given = request.get("tags") or []
    _check(given)
    if request.get("propagateTags") == "SERVICE":
        raise InvalidParameterException("Tags can not be propagated from a service when running a task.")
    if request.get("propagateTags") != "TASK_DEFINITION":
        inherited = []
    merged = {tag["key"]: tag.get("value", "") for tag in [*inherited, *given]}
    return [{"key": key, "value": value} for key, value in merged.items()]


def _check(tags: list[dict[str, str]]) -> None:
    if len(tags) > MOST:
        raise InvalidParameterException(f"Tags can not have more than {MOST} elements.")
    if len({tag.get("key") for tag in tags}) < len(tags):
        raise InvalidParameterException("Duplicate tag keys found. Please note that Tag keys are case sensitive.")
    for tag in tags:
        if not KEY.fullmatch(tag.get("key", "")) or not VALUE.fullmatch(tag.get("value", "")):
            raise InvalidParameterException(f"Tag {tag!r} has an illegal key or value.")
