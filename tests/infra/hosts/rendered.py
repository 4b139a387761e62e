"""The user data, rendered as Terraform's templatefile does it, for templates that only name values."""

import re
from pathlib import Path

INFRA = Path(__file__).resolve().parents[3] / "infra"
TEMPLATE = INFRA / "user_data.sh.tftpl"
HOST_FILES = INFRA / "host"
# $${ is a literal ${, ${name} a value; %{ would begin a directive
TOKEN = re.compile(r"\$\$\{|\$\{(\w+)\}|%\{|\$\{")


def user_data(**values: str) -> str:
    """Render the template. A value that is missing and what only Terraform can render are errors."""

    def replacement(token: re.Match[str]) -> str:
        if token[0] == "$${":
            return "${"
        if token[1] is None:
            raise ValueError(f"{TEMPLATE.name} has {token[0]!r}, which this does not render")
        return values[token[1]]

    return TOKEN.sub(replacement, TEMPLATE.read_text())


def host_files() -> dict[str, str]:
    """Return what settings.tf puts into the bucket below host/system/, by name."""
    kinds = {".py", ".service", ".sh", ".timer"}
    return {path.name: path.read_text() for path in HOST_FILES.iterdir() if path.suffix in kinds}
