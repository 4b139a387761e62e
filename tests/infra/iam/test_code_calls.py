"""The code may do what it does: each call of AWS in it needs rights that the role's table has.

That the roles have the rights of their tables is what test_roles.py decides. What Airflow itself calls is
not read from its code: those rights are in the tables by hand (logs, secrets, the agents of hosts).
"""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.iam import code_calls
from tests.infra.iam.tables import RIGHTS, code


def of_python() -> list[str]:
    return [path.read_text() for path in code_calls.python_files()]


def of_commands() -> list[str]:
    return [path.read_text() for path in code_calls.command_files() if path.is_file()]


FOUND: dict[str, tuple[Any, Mapping[Any, code.Needs]]] = {
    "calls": (lambda: code_calls.calls(of_python()), code.CALLS),
    "imports": (lambda: code_calls.imports(of_python()), code.IMPORTS),
    "commands": (lambda: code_calls.commands(of_commands()), code.COMMANDS),
}


@pytest.mark.parametrize("kind", FOUND)
def test_every_call_is_known_and_every_known_call_is_made(kind: str) -> None:
    find, known = FOUND[kind]
    found = find()
    assert len(found) > 3
    assert found == set(known)


@pytest.mark.parametrize("kind", FOUND)
def test_a_call_s_rights_are_in_the_role_s_table(kind: str) -> None:
    _, known = FOUND[kind]
    needed = {(role, action) for needs in known.values() for role, actions in needs.items() for action in actions}
    had = {(role, right.action) for role, rights in RIGHTS.items() for right in rights}
    assert needed
    assert needed - had == set()


def test_the_host_may_run_the_families_of_the_dags() -> None:
    families = code_calls.families(of_python())
    assert families
    run = {right.resource for right in RIGHTS["host"] if right.action == "ecs:RunTask"}
    assert {family for family in families if not any(f"/{family}:" in resource for resource in run)} == set()
    assert code_calls.families(["Register(family='new')"]) == {"new"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("boto3.client('ecs').execute_command(cluster=c)", ("ecs", "execute_command")),
        ("ecs = session.client('ecs')\ncall = ecs.update_service", ("ecs", "update_service")),
        ("s3 = boto3.client('s3', config=c)\ns3.get_paginator('list_object_versions')", ("s3", "list_object_versions")),
        ("self._client('sqs').send_message(QueueUrl=q)", ("sqs", "send_message")),
        ("boto3.client('s3').upload_file(a, b, c)", ("s3", "put_object")),
        ("AwsLogsHook().conn.filter_log_events()", ("logs", "filter_log_events")),
        ("s3 = boto3.client('s3')\nurl = s3.generate_presigned_url('put_object')", ("s3", "put_object")),
    ],
)
def test_a_new_call_is_found(text: str, found: tuple[str, str]) -> None:
    assert found in code_calls.calls([text])
    assert found not in code_calls.calls(["boto3.client('s3').get_object()", "boto3.client('ecs').run_task()"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("  aws ssm get-parameter --name x", ("ssm", "get-parameter")),
        ('["aws", "sqs", "send-message"]', ("sqs", "send-message")),
        ("if ! aws ecs run-task; then", ("ecs", "run-task")),
    ],
)
def test_a_new_command_is_found(text: str, found: tuple[str, str]) -> None:
    assert code_calls.commands([text]) == {found}


def test_a_new_import_is_found() -> None:
    text = "from airflow.providers.amazon.aws.operators.sqs import SqsPublishOperator"
    assert code_calls.imports([text]) == {"SqsPublishOperator"}
