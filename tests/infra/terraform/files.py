"""The files of infra/ as text: what tests hold against tables and each other."""

import re
from collections.abc import Iterable
from pathlib import Path

from tests.infra.terraform.terraform import INFRA

BLOCK = re.compile(r'^(\w+) "([\w-]+)"(?: "([\w-]+)")? \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
IGNORED = re.compile(r"ignore_changes\s*=\s*(?:\[(.*?)\]|(all))", re.DOTALL)
SKIP = re.compile(r"#\s*checkov:skip=(\w+)(.*)")
ROW = re.compile(r"^\| `(aws_\w+\.\w+)` \| `(\w+)` \| (.+?) \|$", re.MULTILINE)


def terraform_files() -> list[Path]:
    """Return all files of the root and of its bootstrap."""
    return sorted([*INFRA.glob("*.tf"), *INFRA.glob("bootstrap/*.tf")])


def blocks(kind: str, paths: Iterable[Path] | None = None) -> dict[str, str]:
    """Return what is in each block of a kind: ``{"aws_vpc.main": text}``, of variables ``{"name": text}``."""
    found = [match.groups() for path in paths or terraform_files() for match in BLOCK.finditer(path.read_text())]
    return {f"{one}.{two}" if two else one: text for of_kind, one, two, text in found if of_kind == kind}


def ignored_changes() -> set[tuple[str, str]]:
    """Return what Terraform is told to overlook: {(resource, attribute)}."""
    return {
        (address, attribute.strip())
        for address, text in blocks("resource").items()
        for match in IGNORED.finditer(text)
        for attribute in (match[1] or match[2]).split(",")
        if attribute.strip()
    }


def explained_changes() -> dict[tuple[str, str], str]:
    """Return the rows `| RESOURCE | ATTRIBUTE | reason |` of infra/README.md as {(resource, attribute): reason}."""
    return {
        (address, attribute): reason for address, attribute, reason in ROW.findall((INFRA / "README.md").read_text())
    }


def checkov_skips() -> list[tuple[str, str, str]]:
    """Return (file, check, what follows it) of every check that is skipped."""
    return [(path.name, check, rest) for path in terraform_files() for check, rest in SKIP.findall(path.read_text())]
