"""What images are built on: what can be pulled, or what Debian's packages make."""

import os
import subprocess
from hashlib import sha256
from pathlib import Path

from tests.deploy.engine import Engine
from tests.deploy.packages import Unavailable

ROOT = Path(__file__).resolve().parents[2]
STOCK = "python:3.12-slim"


def python(engine: Engine) -> str:
    """Return what the image is built on: BASE_IMAGE, Docker's own Python, or one of Debian packages."""
    given = os.environ.get("BASE_IMAGE") or STOCK
    if engine.run("image", "inspect", given, check=False).returncode == 0 or pulled(engine, given):
        return given
    return made(engine, "python")


def pulled(engine: Engine, image: str) -> bool:
    try:
        return engine.run("pull", "--quiet", image, check=False, timeout=60).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def made(engine: Engine, kind: str) -> str:
    """Return a base image made of Debian packages, once for what makes it."""
    script = ROOT / "docker" / "base" / "build"
    tag = f"{kind}-base:{sha256(script.read_bytes()).hexdigest()[:12]}"
    if engine.run("image", "inspect", tag, check=False).returncode:
        try:
            run(engine, str(script), kind, tag)
        except AssertionError as error:
            raise Unavailable(f"no base image can be pulled here, and none be made: {error}") from None
    return tag


def run(engine: Engine, *command: str, cwd: Path = ROOT, **environment: str) -> str:
    given = {**engine.environment, **environment}
    result = subprocess.run(command, env=given, cwd=cwd, capture_output=True, text=True)
    assert result.returncode == 0, f"{command}: {result.stdout[-2000:]}{result.stderr[-4000:]}"
    return result.stdout
