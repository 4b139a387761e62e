"""What the scripts call that run on a host: the user data, infra/host, and those of a deploy."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.infra.closed_network import code
from tests.infra.closed_network.use import Use, by_command, of_download, of_image, of_packages

SCRIPTS = (
    "infra/user_data.sh.tftpl",
    "infra/host/*",
    "scripts/deploy*",
    "scripts/deploy*/**/*",
    "scripts/*.sh",
    "scripts/restore_drill.py",
)

AWS = re.compile(r"(?<![\w./-])aws\s+(?:--[\w-]+(?:[= ][^\s-]\S*)?\s+)*([a-z][a-z0-9-]*)")
# the API of a registry, which a deploy asks whether it is there: of images, there is no other than ECR
REGISTRY = re.compile(r"\$registry/v2/")
LOCAL = re.compile(r"127\.0\.0\.1|localhost|169\.254\.\d+\.\d+")
OTHERS: dict[re.Pattern[str], Callable[[str], list[Use]]] = {
    re.compile(r"(?<![\w./-])(dnf|yum)\s"): of_packages,
    # the credential helper, which logs in whenever an image is pulled
    re.compile(r"\becr-login\b|\bdocker(-compose)?\s[^|;&]*\b(login|pull|push|run|up)\b"): of_image,
    re.compile(r"(?<![\w./-])(curl|wget|git\s+clone|pip3?\s+install|npm\s+install)\b"): of_download,
}


def uses(root: Path) -> Iterator[Use]:
    """Return what all of them use."""
    files = scripts(root)
    python = [path for path in files if path.suffix == ".py"]
    yield from code.of_scripts(root, python)
    for path in files:
        if path not in python:
            yield from of_shell(path.read_text(), str(path.relative_to(root)))


def scripts(root: Path) -> list[Path]:
    """Return the files; links lead to Python scripts that stand beside them."""
    found = {path for pattern in SCRIPTS for path in root.glob(pattern) if path.is_file() and not path.is_symlink()}
    return sorted(path for path in found if "__pycache__" not in path.parts)


def of_shell(text: str, where: str) -> Iterator[Use]:
    """Return what a shell script or a unit of systemd uses."""
    for number, line in enumerate(text.splitlines(), 1):
        place = f"{where}:{number}"
        if line.lstrip().startswith("#"):
            continue
        for word in AWS.findall(line):
            yield from by_command(word, place)
        for pattern, found in OTHERS.items():
            if pattern.search(line) and not LOCAL.search(line):
                yield from (of_image if REGISTRY.search(line) else found)(place)
