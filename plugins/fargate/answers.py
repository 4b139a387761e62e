"""What ECS answered to RunTask, in the terms that decide what to do next."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError


class Kind(Enum):
    """What became of a call."""

    STARTED = "started"
    THROTTLED = "throttled"  # too fast: nothing was started; slow down, at no attempt's cost
    AT_LIMIT = "at the account's limit"  # vCPUs or addresses in use: wait until some are free
    NO_CAPACITY = "no capacity"  # of Fargate, at the moment
    NO_ACCESS = "no access"  # credentials, permissions or the cluster: somebody has to mend it
    NO_ANSWER = "no answer"  # whether a task was started is not known
    UNNAMED = "not named"  # a task was started, and ECS does not say which one it is
    REFUSED = "refused"  # it would be refused again


@dataclass(frozen=True)
class Answer:
    """A kind, why, and the ARN of the task where ECS named one."""

    kind: Kind
    reason: str = ""
    arn: str = ""


# ECS words one thing in several ways, and in several places: as an error of its own, inside
# ClientException or InvalidParameterException, or as a failure of a call that succeeded.
WORDINGS = (
    (Kind.AT_LIMIT, r"reached the limit on the number of|insufficient ?free ?addresses|free ip address"),
    (Kind.NO_CAPACITY, r"capacity is unavailable|insufficient capacity|^RESOURCE:|no spot capacity"),
    (Kind.THROTTLED, r"throttl|rate exceeded|too ?many ?(concurrent)? ?requests|request ?limit ?exceeded|slow ?down"),
)
NO_ACCESS_CODES = {
    *("ExpiredTokenException", "ExpiredToken", "InvalidClientTokenId", "UnrecognizedClientException"),
    *("InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken", "SignatureDoesNotMatch"),
    *("InvalidAccessKeyId", "InvalidToken", "RequestExpired", "RequestTimeTooSkewed", "OptInRequired", "NotAuthorized"),
    *("AccessDeniedException", "AccessDenied", "ClusterNotFoundException", "NoSuchBucket"),
}
# told with a status below 500 as well
NO_ANSWER_CODES = {"RequestTimeout", "RequestTimeoutException", "RequestAbortedException"}
NO_ACCESS_ERRORS = (
    *(NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, NoAuthTokenError, NoRegionError),
)


def of_response(response: dict[str, Any]) -> Answer:
    """Read the response of a RunTask call that succeeded."""
    if response.get("tasks"):
        return Answer(Kind.STARTED, arn=response["tasks"][0]["taskArn"])
    told = [" ".join(filter(None, (f.get("reason"), f.get("detail")))) for f in response.get("failures") or ()]
    reason = "; ".join(told) or "RunTask answered with neither a task nor a failure"
    return Answer(by_wording(reason) or Kind.REFUSED, reason)


def of_error(error: Exception, own: Collection[str] = ()) -> Answer:
    """Read what a RunTask call raised.

    :param own: names that only this call has: where access to one of them is denied, other calls may pass
    """
    if isinstance(error, ClientError):
        return _of_client_error(error, own)
    if isinstance(error, NO_ACCESS_ERRORS):
        return Answer(Kind.NO_ACCESS, str(error))
    if isinstance(error, ParamValidationError):
        return Answer(Kind.REFUSED, str(error))
    if isinstance(error, BotoCoreError | ResponseParserError | OSError):
        return Answer(Kind.NO_ANSWER, str(error))
    raise error


def _of_client_error(error: ClientError, own: Collection[str]) -> Answer:
    told: Any = error.response
    code, message = told["Error"].get("Code", ""), told["Error"].get("Message", "")
    reason = f"{code}: {message}"
    if code == "ConflictException":
        # the token came before with another request, so that the task it asked for exists
        known = told.get("resourceIds")
        return Answer(Kind.STARTED, reason, known[0]) if known else Answer(Kind.UNNAMED, reason)
    if code in NO_ACCESS_CODES and not any(name in message for name in own):
        return Answer(Kind.NO_ACCESS, reason)
    status = told.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    found = by_wording(reason)
    if found:
        return Answer(found, reason)
    return Answer(Kind.NO_ANSWER if status >= 500 or code in NO_ANSWER_CODES else Kind.REFUSED, reason)


def by_wording(text: str) -> Kind | None:
    """Return what a text of ECS is about, if that is one of the things that pass."""
    return next((kind for kind, wording in WORDINGS if re.search(wording, text, re.IGNORECASE)), None)
