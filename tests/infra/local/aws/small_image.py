"""An image of a shell and a few tools of this machine, which needs no registry and no base image."""

import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.aws.docker.engine import Engine

PROGRAMS = ("sh", "sleep", "env", "cat", "touch", "id", "tail", "stat", "true", "echo", "bash")
NAME = "local/fargate-tests"
OWNED, PLAIN = "/owned", "/plain"  # folders of user 1000; the image declares a volume in the first
IN_IMAGE = {"OF_THE_IMAGE": "1", "PATH": "/bin"}


@contextmanager
def built(engine: Engine) -> Iterator[str]:
    """Make the image, give its name by digest, and remove it at the end."""
    changes, tag = [f"VOLUME {OWNED}", *(f"ENV {name}={value}" for name, value in IN_IMAGE.items())], str(os.getpid())
    engine.call("POST", "/images/create", _archive(), fromSrc="-", repo=NAME, tag=tag, changes=changes)
    digest = engine.call("GET", f"/images/{NAME}:{tag}/json")["Id"]
    yield f"{NAME}@{digest}"
    engine.call("DELETE", f"/images/{digest}", force=1)


def _archive() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", dereference=True) as tar:
        for folder, owner in (("tmp", 0), (OWNED.lstrip("/"), 1000), (PLAIN.lstrip("/"), 1000)):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode, entry.uid = tarfile.DIRTYPE, 0o755, owner
            tar.addfile(entry)
        for program in PROGRAMS:
            found = shutil.which(program)
            assert found, f"{program} is not installed"
            tar.add(found, f"bin/{program}")
        for library in sorted({path for program in PROGRAMS for path in _libraries(program)}):
            tar.add(library, library)
    return file.getvalue()


def _libraries(program: str) -> list[str]:
    listed = subprocess.run(["ldd", str(shutil.which(program))], capture_output=True, text=True, check=True).stdout
    return [path for path in re.findall(r"(/\S+) \(0x", listed) if Path(path).exists()]
