"""Measure the image: what it weighs, what a change of a DAG costs, how long a container takes to be healthy.

usage: scripts/bench_image [RUNS]     default 3

Needs a Docker engine, and Debian's docker-registry to push to. Prints a table of medians and writes
.local/bench_image.json.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from infra.local.layout import ROOT
from scripts.images import layers
from scripts.images.api_server import Server, served
from scripts.ports import free_port

IMAGE = "airflow:bench"
RESULT = ROOT / ".local" / "bench_image.json"
BUILT = ("dags", "plugins", "docker", "scripts", ".dockerignore", "pyproject.toml")
REGISTRY = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "{address}"}}
"""
# what is measured -> (how it is shown, the goal)
MEASURES = {
    "compressed": ("image, compressed (MB)", 130),
    "code": ("  of that, DAGs and plugins (MB)", 1),
    "rebuild": ("a DAG is changed: build and push (s)", 10),
    "start": ("api-server's container, started to healthy (s)", 15),
}


def main(arguments: list[str]) -> int:
    if arguments and not arguments[0].isdecimal():
        print((__doc__ or "").strip())
        return 0 if arguments[0] in ("-h", "--help") else 2
    if missing := [command for command in ("docker", "docker-registry") if not shutil.which(command)]:
        print(f"error: {' and '.join(missing)} not found, which the image is measured with", file=sys.stderr)
        return 1
    taken: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="bench-image-") as name, registry(Path(name)) as repository:
        checkout = copied(Path(name) / "checkout")
        pushed(checkout, repository)
        weigh(IMAGE, taken)
        with served(Path(name) / "database") as server:
            server.migrate(IMAGE)
            for number in range(int(arguments[0]) if arguments else 3):
                taken["rebuild"].append(changed(checkout, repository, number))
                taken["start"].append(started(server, IMAGE))
    medians = {name: round(median(values), 2) for name, values in taken.items()}
    RESULT.write_text(json.dumps({"cores": os.cpu_count(), "medians": medians, "runs": taken}, indent=2) + "\n")
    Console(width=110).print(table(taken))
    return 0


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Run a registry; give a repository of it."""
    address = f"127.0.0.1:{free_port()}"
    config = folder / "registry.yml"
    config.write_text(REGISTRY.format(folder=folder / "registry", address=address))
    environment = {"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"}
    process = subprocess.Popen(["docker-registry", "serve", str(config)], env=environment, stderr=subprocess.DEVNULL)
    try:
        yield f"{address}/airflow"
    finally:
        process.terminate()
        process.wait()


def copied(folder: Path) -> Path:
    """Return a copy of what makes the image, to change a DAG in."""
    folder.mkdir()
    for name in BUILT:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    return folder


def pushed(checkout: Path, repository: str) -> None:
    """Build and push."""
    command = [sys.executable, "-m", "scripts.image", "--tag", IMAGE, "--push", repository]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    if subprocess.run(command, cwd=checkout, env=environment, stdout=subprocess.DEVNULL).returncode:
        sys.exit("the image was not built; the reason stands above")


def weigh(image: str, taken: dict[str, list[float]]) -> None:
    found = [layer.size / 1e6 for layer in layers.of(image)]
    taken["compressed"].append(sum(found))
    taken["code"].append(found[2])


def changed(checkout: Path, repository: str, number: int) -> float:
    dag = next((checkout / "dags").glob("*.py"))
    dag.write_text(f"{dag.read_text()}\n# change {number} of {time.time()}\n")
    begun = time.monotonic()
    pushed(checkout, repository)
    return time.monotonic() - begun


def started(server: Server, image: str) -> float:
    begun = time.monotonic()
    with server.of(image) as healthy:
        healthy()
        return time.monotonic() - begun


def table(taken: dict[str, list[float]]) -> Table:
    result = Table(title=f"the image, {os.cpu_count()} cores", title_justify="left")
    for column in ("what", "median", "least", "most", "goal"):
        result.add_column(column, justify="left" if column == "what" else "right")
    for name, (what, goal) in MEASURES.items():
        values = taken[name]
        result.add_row(what, *(f"{value:.1f}" for value in (median(values), min(values), max(values))), f"≤ {goal}")
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
