"""Step Functions: a definition can be validated, which Terraform does with every plan, and has versions.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
Only the form is looked at: JSON with States, one of which is StartAt, and each of which is left for one that exists.
"""

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.responses import StepFunctionResponse


def close() -> None:
    StepFunctionResponse.validate_state_machine_definition = _validate
    StepFunctionResponse.list_state_machine_versions = _list_versions


def _validate(response: StepFunctionResponse) -> ActionResult:
    found = _diagnostics(response._get_param("definition"))
    return ActionResult({"result": "FAIL" if found else "OK", "diagnostics": found, "truncated": False})


def _list_versions(response: StepFunctionResponse) -> ActionResult:
    machine = response.stepfunction_backend.describe_state_machine(response._get_param("stateMachineArn"))
    newest_first = reversed(machine.versions.values())
    versions = [{"stateMachineVersionArn": one.arn, "creationDate": one.creation_date} for one in newest_first]
    return ActionResult({"stateMachineVersions": versions})


def _diagnostics(text: str) -> list[dict[str, str]]:
    try:
        definition = json.loads(text)
    except ValueError as error:
        return [_error("INVALID_JSON_DESCRIPTION", str(error))]
    states = definition.get("States") or {}
    missing = sorted(name for name in _named(definition, states) if name not in states)
    return [_error("MISSING_TRANSITION_TARGET", f"there is no state {name!r}") for name in missing]


def _named(definition: dict[str, Any], states: dict[str, Any]) -> set[str]:
    """Return the states that the definition starts with or goes to."""
    nexts = {rule["Next"] for state in states.values() for rule in (state, *_rules(state)) if "Next" in rule}
    return {definition.get("StartAt", ""), *nexts}


def _rules(state: dict[str, Any]) -> list[dict[str, Any]]:
    return [*state.get("Choices", ()), *state.get("Catch", ())]


def _error(code: str, message: str) -> dict[str, str]:
    return {"severity": "ERROR", "code": code, "message": message}
