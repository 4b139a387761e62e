"""Tell what a branch changes: DAGs, the image, the infrastructure and what a month costs.

usage: scripts/ci/changes [BASE]     compared with where it left BASE (CI_MERGE_REQUEST_DIFF_BASE_SHA, or origin/main)

Writes changes.md and prints it. exit codes: 0 told, 2 wrong usage, or no such base.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from scripts.ci.stop import Stop, told
from scripts.costs import deployment
from scripts.costs.networks import CHOSEN
from scripts.preflights.tfvars import BadVariables

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "changes.md"
TABLE = "dags/README.md"
# what the layers of the image are made of, from the one that changes least to the one that changes most
LAYERS = {
    "the base": ("docker/Dockerfile", "docker/slim", "docker/gc.pth"),
    "the packages: a minute to build, pulled anew by every host and task": ("docker/requirements.txt",),
    "the code": ("dags/", "plugins/"),
}
HOST_FILES = ("docker/airflow.env", "scripts/deploy", "docker/nginx", "docker/compose.yml")


def main(arguments: list[str]) -> int:
    if len(arguments) > 1 or arguments in (["-h"], ["--help"]):
        print((__doc__ or "").strip())
        return 0 if len(arguments) == 1 else 2
    base = arguments[0] if arguments else os.environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA") or "origin/main"
    return told(lambda: changes(base))


def changes(base: str) -> None:
    begin = git("merge-base", base, "HEAD").strip()
    files = git("diff", "--name-only", begin, "HEAD").splitlines()
    text = "\n".join([f"# What {len(files)} changed files change", "", *sections(begin, files)]) + "\n"
    RESULT.write_text(text)
    print(text, end="")


def sections(begin: str, files: list[str]) -> Iterator[str]:
    parts: dict[str, Callable[[], list[str]]] = {
        "DAGs": lambda: dags(table_of(begin), table_of("HEAD"), files),
        "Image": lambda: image(files),
        "On the hosts": lambda: [f"- `{name}`" for name in files if name.startswith(HOST_FILES)],
        "Infrastructure": lambda: infrastructure(files),
        "A month's cost": lambda: costs(begin, files),
    }
    for title, part in parts.items():
        yield from (f"## {title}", "", *(part() or ["nothing"]), "")


def table_of(revision: str) -> dict[str, str]:
    """Return the rows of the table of DAGs, by DAG, as they were."""
    lines = show(revision, TABLE).splitlines()
    return {line.split("]")[0].removeprefix("| ["): line for line in lines if line.startswith("| [")}


def dags(before: dict[str, str], after: dict[str, str], files: list[str]) -> list[str]:
    """Return the rows that differ, and the DAGs whose file changed while their row did not."""
    rows = [f"- new: {after[name]}" for name in after if name not in before]
    rows += [f"- gone: {before[name]}" for name in before if name not in after]
    both = [name for name in after if name in before]
    rows += [f"- was {before[name]}\n- is {after[name]}" for name in both if before[name] != after[name]]
    same = [name for name in both if before[name] == after[name] and f"dags/{name}.py" in files]
    return rows + [f"- changed: `dags/{name}.py`" for name in same]


def image(files: list[str]) -> list[str]:
    """Return the layers that are built anew: the first one that changes, and all that come after it."""
    names = list(LAYERS)
    touched = [name for name in names if any(file.startswith(LAYERS[name]) for file in files)]
    return [f"- {name}" for name in names[names.index(touched[0]) :]] if touched else []


def infrastructure(files: list[str]) -> list[str]:
    """Return the files of Terraform's that changed, and the counts of the plans that are there."""
    ours = [name for name in files if name.startswith("infra/")]
    lines = [f"- `{name}`" for name in ours if name.endswith((".tf", ".tfvars", ".tftpl"))]
    for path in sorted(ROOT.glob("plan-*.json")):
        count = json.loads(path.read_text())
        lines.append(f"- {path.stem.removeprefix('plan-')}: {', '.join(f'{n} to {kind}' for kind, n in count.items())}")
    return lines


def costs(begin: str, files: list[str]) -> list[str]:
    """Return what each environment costs before and after, where its file changed."""
    lines = []
    for name in files:
        if not (name.startswith("infra/env/") and name.endswith(".tfvars")):
            continue
        before, after = (usd(show(revision, name)) for revision in (begin, "HEAD"))
        environment = Path(name).stem
        lines.append(f"- {environment}: {_money(before)} before, {_money(after)} after (`scripts/cost {name}`)")
    return lines


def usd(text: str) -> float | None:
    """Return the monthly cost of what a .tfvars file describes, by scripts/cost; None where it tells none."""
    if not text:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "a.tfvars")
        file.write_text(text)
        try:
            network = CHOSEN[str(deployment.options(file)["nat_mode"])]
        except (BadVariables, KeyError):
            return None
        command = [str(ROOT / "scripts" / "cost"), str(file), "--json"]
        result = subprocess.run(command, capture_output=True, text=True)
    return float(json.loads(result.stdout)["networks"][network]["usd"]) if result.returncode == 0 else None


def _money(value: float | None) -> str:
    return "not there" if value is None else f"${value:,.2f}"


def show(revision: str, name: str) -> str:
    """Return a file as it was; "" when it was not there."""
    result = subprocess.run(["git", "show", f"{revision}:{name}"], cwd=ROOT, capture_output=True, text=True)
    return "" if result.returncode else result.stdout


def git(*arguments: str) -> str:
    result = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    if result.returncode:
        raise Stop(2, f"git {' '.join(arguments)}: {result.stderr.strip()}")
    return result.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
