"""What the code calls: methods of AWS clients, imports of the amazon provider, commands of the AWS CLI."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name

from infra.local.layout import ROOT

PROVIDER = "airflow.providers.amazon"
# what makes a client of a service without naming it
HOOKS = {"EcsHook": "ecs", "AwsLogsHook": "logs"}
# methods whose first argument names an operation, and methods of boto3's own that stand for some
BY_NAME = ("get_paginator", "get_waiter", "generate_presigned_url")
TRANSFERS = {
    "download_file": ("head_object", "get_object"),
    "download_fileobj": ("head_object", "get_object"),
    "upload_file": ("put_object",),
    "upload_fileobj": ("put_object",),
}
COMMAND = re.compile(r"(?<![\w/.-])aws(?:\s+|[\"',]+\s*[\"'])([a-z][a-z0-9-]+)(?:\s+|[\"',]+\s*[\"'])([a-z][a-z0-9-]+)")


def python_files() -> list[Path]:
    """Return the code that runs in the deployment."""
    return [path for folder in ("plugins", "dags", "infra/host") for path in sorted((ROOT / folder).rglob("*.py"))]


def command_files() -> list[Path]:
    deploys = [path for folder in ("scripts", "scripts/deploy") for path in (ROOT / folder).glob("*.sh")]
    return [*(ROOT / "infra" / "host").iterdir(), ROOT / "infra" / "user_data.sh.tftpl", *deploys]


def calls(texts: Iterable[str]) -> set[tuple[str, str]]:
    """Return (service, operation) of all calls in these texts, as the methods of a client are called."""
    trees = [ast.parse(text) for text in texts]
    services = {service for tree in trees for service in _services(tree)}
    known = [(service, operation) for service in services for operation in _operations(service)]
    named = {name for tree in trees for name in _names(tree)}
    return {(service, operation) for service, operation in known if operation in named}


def imports(texts: Iterable[str]) -> set[str]:
    """Return what is imported from the amazon provider."""
    return {
        alias.name
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PROVIDER)
        for alias in node.names
    }


def commands(texts: Iterable[str]) -> set[tuple[str, str]]:
    """Return (service, command) of all commands of the AWS CLI."""
    lines = [line for text in texts for line in text.splitlines() if not line.lstrip().startswith("#")]
    return {(found[1], found[2]) for line in lines for found in COMMAND.finditer(line)}


def families(texts: Iterable[str]) -> set[str]:
    """Return the families of task definitions that are written out, as in ``family="ecs_run_task"``."""
    keywords = [node for text in texts for node in ast.walk(ast.parse(text)) if isinstance(node, ast.keyword)]
    values = [node.value for node in keywords if node.arg == "family"]
    return {str(value.value) for value in values if isinstance(value, ast.Constant)}


def _services(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func).endswith("client") and (text := _text(node)):
            yield text
        if isinstance(node, ast.Name) and node.id in HOOKS:
            yield HOOKS[node.id]


def _names(tree: ast.AST) -> Iterator[str]:
    """Yield what may be an operation: attributes, and what is named by a text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
            yield from TRANSFERS.get(node.attr, ())
        if isinstance(node, ast.Call) and _name(node.func) in BY_NAME and (text := _text(node)):
            yield text


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _text(call: ast.Call) -> str:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


@cache
def _operations(service: str) -> list[str]:
    names: list[str] = botocore.session.get_session().get_service_model(service).operation_names
    return [xform_name(name) for name in names]
