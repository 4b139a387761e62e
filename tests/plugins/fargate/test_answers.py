"""What ECS answers, in its own words, and what is made of it."""

from typing import Any

import boto3
import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber

from fargate import answers
from fargate.answers import Answer, Kind

TASK = "arn:aws:ecs:ap-northeast-2:123456789012:task/airflow/0123456789abcdef0123456789abcdef"
ENDPOINT = {"endpoint_url": "https://ecs.ap-northeast-2.amazonaws.com"}
NO_VCPUS = "You've reached the limit on the number of vCPUs you can run concurrently"
NO_CAPACITY = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
ROLE = "arn:aws:sts::123456789012:assumed-role/scheduler/i-0"


def told(code: str, message: str, status: int = 400) -> Answer:
    """Return what is made of an error of AWS."""
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return answers.of_error(ClientError(response, "RunTask"))  # type: ignore[arg-type]


def test_a_started_task_has_an_arn() -> None:
    assert answers.of_response({"tasks": [{"taskArn": TASK}], "failures": []}) == Answer(Kind.STARTED, arn=TASK)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        ({"reason": NO_CAPACITY}, Kind.NO_CAPACITY),
        ({"reason": "RESOURCE:CPU"}, Kind.NO_CAPACITY),
        ({"reason": "RESOURCE:ENI", "arn": TASK}, Kind.NO_CAPACITY),
        ({"reason": NO_VCPUS}, Kind.AT_LIMIT),
        ({"reason": "You've reached the limit on the number of tasks you can run concurrently"}, Kind.AT_LIMIT),
        ({"reason": "ThrottlingException", "detail": "Rate exceeded"}, Kind.THROTTLED),
        ({"reason": "Rate exceeded"}, Kind.THROTTLED),
        ({"reason": "AGENT"}, Kind.REFUSED),
        ({"reason": "ATTRIBUTE", "detail": "the attributes required by your task"}, Kind.REFUSED),
    ],
)
def test_a_failure_of_a_call_that_succeeded(failure: dict[str, str], kind: Kind) -> None:
    found = answers.of_response({"tasks": [], "failures": [failure]})
    assert (found.kind, found.arn) == (kind, "")
    assert found.reason == " ".join(filter(None, [failure["reason"], failure.get("detail")]))


def test_several_failures_are_told_together() -> None:
    found = answers.of_response({"tasks": [], "failures": [{"reason": "AGENT"}, {"arn": TASK, "reason": NO_CAPACITY}]})
    assert found == Answer(Kind.NO_CAPACITY, f"AGENT; {NO_CAPACITY}")


@pytest.mark.parametrize("response", [{}, {"tasks": []}, {"tasks": [], "failures": []}, {"failures": [{"arn": TASK}]}])
def test_an_answer_without_anything(response: dict[str, Any]) -> None:
    found = answers.of_response(response)
    assert found.kind is Kind.REFUSED
    if "failures" not in response or not response["failures"]:
        assert found.reason == "RunTask answered with neither a task nor a failure"


@pytest.mark.parametrize(
    ("code", "message", "status", "kind"),
    [
        # one thing in several wordings and places
        ("ThrottlingException", "Rate exceeded", 400, Kind.THROTTLED),
        ("Throttling", "", 400, Kind.THROTTLED),
        ("ThrottledException", "", 400, Kind.THROTTLED),
        ("InvalidParameterException", "Rate exceeded", 400, Kind.THROTTLED),
        (
            "ClientException",
            "Too many concurrent attempts to create a new revision. Rate exceeded",
            400,
            Kind.THROTTLED,
        ),
        ("TooManyRequestsException", "", 429, Kind.THROTTLED),
        ("RequestLimitExceeded", "Request limit exceeded.", 503, Kind.THROTTLED),
        ("SlowDown", "Please reduce your request rate.", 503, Kind.THROTTLED),
        ("ClientException", NO_VCPUS, 400, Kind.AT_LIMIT),
        ("InvalidParameterException", NO_VCPUS, 400, Kind.AT_LIMIT),
        ("InsufficientFreeAddressesInSubnet", "The subnet has not enough free addresses", 400, Kind.AT_LIMIT),
        ("ClientException", "subnet-0a has no free IP addresses", 400, Kind.AT_LIMIT),
        ("ClientException", NO_CAPACITY, 400, Kind.NO_CAPACITY),
        ("InvalidParameterException", "No Spot capacity", 400, Kind.NO_CAPACITY),
        # somebody has to mend it
        ("ExpiredTokenException", "The security token included in the request is expired", 400, Kind.NO_ACCESS),
        ("ExpiredToken", "The provided token has expired.", 400, Kind.NO_ACCESS),
        (
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
            403,
            Kind.NO_ACCESS,
        ),
        ("UnrecognizedClientException", "The security token included in the request is invalid.", 400, Kind.NO_ACCESS),
        ("InvalidSignatureException", "Signature expired", 400, Kind.NO_ACCESS),
        ("RequestTimeTooSkewed", "The difference is too large.", 403, Kind.NO_ACCESS),
        ("AccessDeniedException", f"{ROLE} is not authorized to perform: ecs:RunTask", 400, Kind.NO_ACCESS),
        ("AccessDenied", "Access Denied", 403, Kind.NO_ACCESS),
        ("ClusterNotFoundException", "Cluster not found.", 400, Kind.NO_ACCESS),
        ("NoSuchBucket", "The specified bucket does not exist", 404, Kind.NO_ACCESS),
        ("AccessDeniedException", f"{ROLE} is not authorized to perform: iam:PassRole on role/x", 400, Kind.NO_ACCESS),
        # whether a task was started is not known
        ("ServerException", "These errors are usually caused by a server issue.", 500, Kind.NO_ANSWER),
        ("InternalError", "We encountered an internal error.", 500, Kind.NO_ANSWER),
        ("502", "Bad Gateway", 502, Kind.NO_ANSWER),
        ("ServiceUnavailable", "", 503, Kind.NO_ANSWER),
        ("RequestTimeout", "Your socket connection was not read from or written to.", 400, Kind.NO_ANSWER),
        ("RequestAbortedException", "", 400, Kind.NO_ANSWER),
        # it would be refused again
        ("InvalidParameterException", "TaskDefinition is inactive", 400, Kind.REFUSED),
        ("ClientException", "TaskDefinition not found.", 400, Kind.REFUSED),
        ("PlatformUnknownException", "The specified platform version does not exist.", 400, Kind.REFUSED),
        ("BlockedException", "Your AWS account was blocked.", 400, Kind.REFUSED),
        ("UnsupportedFeatureException", "", 400, Kind.REFUSED),
    ],
)
def test_an_error_of_aws(code: str, message: str, status: int, kind: Kind) -> None:
    assert told(code, message, status) == Answer(kind, f"{code}: {message}")


@pytest.mark.parametrize(
    ("denied", "kind"),
    [
        ("iam:PassRole on resource: arn:aws:iam::123456789012:role/lake-writer because", Kind.REFUSED),
        ("ecs:RunTask on resource: arn:aws:ecs:r:1:task-definition/with-gdal:* because", Kind.REFUSED),
        ("ecs:RunTask on resource: arn:aws:ecs:r:1:task-definition/worker:* because", Kind.NO_ACCESS),
        ("iam:PassRole on resource: arn:aws:iam::123456789012:role/execution because", Kind.NO_ACCESS),
    ],
)
def test_what_only_one_task_asks_for_is_denied_to_that_task_alone(denied: str, kind: Kind) -> None:
    message = f"User: {ROLE} is not authorized to perform: {denied} no identity-based policy allows it"
    error = ClientError({"Error": {"Code": "AccessDeniedException", "Message": message}}, "RunTask")
    own = ["arn:aws:iam::123456789012:role/lake-writer", "task-definition/with-gdal"]
    assert answers.of_error(error, own).kind is kind


def test_the_end_of_vcpus_is_not_taken_for_too_many_requests() -> None:
    """Both are limits: the one passes when a task ends, the other within a second."""
    assert answers.by_wording(f"{NO_VCPUS}. Rate exceeded") is Kind.AT_LIMIT


@pytest.mark.parametrize("text", ["", "Essential container in task exited", "the rate", "RESOURCES: none"])
def test_what_does_not_pass_by_itself(text: str) -> None:
    assert answers.by_wording(text) is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exceptions.NoCredentialsError(), Kind.NO_ACCESS),
        (exceptions.PartialCredentialsError(provider="env", cred_var="secret_key"), Kind.NO_ACCESS),
        (exceptions.CredentialRetrievalError(provider="container-role", error_msg="gone"), Kind.NO_ACCESS),
        (exceptions.NoAuthTokenError(), Kind.NO_ACCESS),
        (exceptions.NoRegionError(), Kind.NO_ACCESS),
        (exceptions.ReadTimeoutError(**ENDPOINT), Kind.NO_ANSWER),
        (exceptions.ConnectTimeoutError(**ENDPOINT), Kind.NO_ANSWER),
        (exceptions.EndpointConnectionError(**ENDPOINT), Kind.NO_ANSWER),
        (exceptions.ConnectionClosedError(**ENDPOINT), Kind.NO_ANSWER),
        (exceptions.SSLError(error=ValueError("self-signed"), **ENDPOINT), Kind.NO_ANSWER),
        (exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2), Kind.NO_ANSWER),
        (ResponseParserError("Unable to parse response"), Kind.NO_ANSWER),
        (ConnectionResetError("reset by peer"), Kind.NO_ANSWER),
        (TimeoutError("timed out"), Kind.NO_ANSWER),
        (exceptions.ParamValidationError(report="Unknown parameter: x"), Kind.REFUSED),
    ],
)
def test_an_error_on_this_side(error: Exception, kind: Kind) -> None:
    assert answers.of_error(error) == Answer(kind, str(error))


@pytest.mark.parametrize("error", [KeyError("taskArn"), ValueError("a bug"), RuntimeError("another")])
def test_a_bug_is_not_an_answer(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        answers.of_error(error)
    assert raised.value is error


@pytest.mark.parametrize(
    ("fields", "kind", "arn"),
    [
        ({"resourceIds": [TASK]}, Kind.STARTED, TASK),
        ({"resourceIds": []}, Kind.UNNAMED, ""),
        ({}, Kind.UNNAMED, ""),
    ],
)
def test_a_token_that_came_before_means_a_task_that_was_started(fields: dict[str, Any], kind: Kind, arn: str) -> None:
    """As botocore gives it; the ARN is missing from some answers."""
    ecs = boto3.client("ecs")
    with Stubber(ecs) as stub:
        stub.add_client_error("run_task", "ConflictException", "already in use", 400, modeled_fields=fields)
        with pytest.raises(ClientError) as raised:
            ecs.run_task(taskDefinition="airflow-worker")
    assert answers.of_error(raised.value) == Answer(kind, "ConflictException: already in use", arn)
