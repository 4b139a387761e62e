"""Whether two patterns can meet the same text: a policy's, and the form of an ARN in AWS's reference."""

import re
from functools import cache

PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
ANY, NO_SLASH = "any", "no slash"  # what stands for some characters; a character stands for itself
Tokens = tuple[str, ...]


def overlap(policy: str, form: str) -> bool:
    """Tell whether an ARN of this ``form`` (arn:${Partition}:s3:::${BucketName}) can fit a ``policy``'s pattern."""
    parts = zip(policy.split(":", 5), form.split(":", 5), strict=True)
    return all(_overlap(_of_policy(one), _of_form(other)) for one, other in parts)


def fits_key(key: str, known: str) -> bool:
    """Tell whether a condition's key is a ``known`` one, such as kms:EncryptionContext:${EncryptionContextKey}."""
    expression = ".+".join(re.escape(part) for part in re.split(r"\$\{\w+\}|<key>", known))
    return re.fullmatch(expression, key, re.IGNORECASE) is not None


def _of_policy(pattern: str) -> Tokens:
    return tuple(ANY if char in "*?" else char for char in re.sub(r"\$\{[^}]+\}", "*", pattern))


def _of_form(form: str) -> Tokens:
    tokens: list[str] = []
    for index, part in enumerate(PLACEHOLDER.split(form)):
        # a bucket's name has no slash: else every object would be a bucket
        tokens += part if index % 2 == 0 else [NO_SLASH if part == "BucketName" else ANY]
    return tuple(tokens)


@cache
def _overlap(one: Tokens, two: Tokens) -> bool:
    if not one or not two:
        return all(token in (ANY, NO_SLASH) for token in one + two)
    if one[0] in (ANY, NO_SLASH):
        return _overlap(one[1:], two) or (_takes(one[0], two[0]) and _overlap(one, two[1:]))
    if two[0] in (ANY, NO_SLASH):
        return _overlap(two, one)
    return one[0] == two[0] and _overlap(one[1:], two[1:])


def _takes(wild: str, token: str) -> bool:
    return wild == ANY or token != "/"
