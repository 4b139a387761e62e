import json
from typing import Any

import pytest

from tests.infra.local.aws.gaps.network import new_name

GOOD: dict[str, Any] = {
    "StartAt": "Ask",
    "States": {
        "Ask": {"Type": "Pass", "Next": "Choose"},
        "Choose": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "Tell"}]},
        "Tell": {"Type": "Pass", "End": True},
    },
}


def validated(client: Any, definition: Any) -> tuple[str, list[str]]:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    told = client("stepfunctions").validate_state_machine_definition(definition=text)
    return told["result"], [entry["message"] for entry in told["diagnostics"]]


def test_a_definition_can_be_validated(gap: Any) -> None:
    gap(lambda client: validated(client, GOOD), ("OK", []))


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({**GOOD, "StartAt": "Aks"}, "there is no state 'Aks'"),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}, "there is no state 'B'"),
        ({"StartAt": "A", "States": {"A": {"Catch": [{"Next": "C"}], "End": True}}}, "there is no state 'C'"),
        ({}, "there is no state ''"),
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
    ],
)
def test_a_definition_that_leads_nowhere_fails(closed: Any, definition: Any, message: str) -> None:
    assert validated(closed, definition) == ("FAIL", [message])


def versions(client: Any, publish: bool) -> list[str]:
    sfn = client("stepfunctions")
    role = "arn:aws:iam::123456789012:role/probe"
    made = sfn.create_state_machine(name=new_name(), definition=json.dumps(GOOD), roleArn=role, publish=publish)
    found = sfn.list_state_machine_versions(stateMachineArn=made["stateMachineArn"])["stateMachineVersions"]
    return [entry["stateMachineVersionArn"].rpartition(":")[2] for entry in found]


def test_a_machine_that_was_not_published_has_no_versions(gap: Any) -> None:
    gap(lambda client: versions(client, publish=False), [])


def test_a_published_machine_has_a_version(gap: Any) -> None:
    gap(lambda client: versions(client, publish=True), ["1"])
