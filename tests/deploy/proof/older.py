"""The image of this checkout as it would be with the Airflow before this one: what an upgrade begins from."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from scripts.images import build
from tests.deploy.engine import Engine
from tests.deploy.host_under_test import ROOT

AIRFLOW = "3.2.2"
COPIED = ("dags", "plugins", "docker", ".dockerignore", "pyproject.toml")
LANE = Path(__file__).with_name("release") / "older_local_lane.py"
# What the code of that time had otherwise: where it is, what stands there now, what stood there. Each is a name that
# only the newer Airflow has. What stood there runs on both, as it has to: local tasks of an older release end on the
# libraries of whatever serves.
STATS_NOW = "from airflow._shared.observability.metrics import stats"
STATS_THEN = "from airflow._shared.observability.metrics.stats import Stats as stats"
BUNDLE_NOW = "BaseDagBundle, BundleVersion, get_bundle_version_path"
RUN_NOW = "    return lambda: BaseExecutor.run_workload(parsed, subprocess_logs_to_stdout=True)"
RUN_THEN = """\
    from airflow.sdk.execution_time.execute_workload import execute_workload

    return lambda: execute_workload(parsed)"""
THEN = (
    ("bundle.py", BUNDLE_NOW, "BaseDagBundle, get_bundle_version_path"),
    ("bundle.py", "-> BundleVersion | None:", "-> str | None:"),
    ("bundle.py", "return BundleVersion(version) if", "return version if"),
    *((file, STATS_NOW, STATS_THEN) for file in ("fleet.py", "launcher.py", "watcher.py")),
    ("worker.py", RUN_NOW, RUN_THEN),
)


def image(engine: Engine, base_image: str, folder: Path, tag: str) -> str:
    """Build it, or return the one that OLDER_IMAGE names."""
    if given := os.environ.get("OLDER_IMAGE"):
        return given
    checkout(folder)
    with tempfile.TemporaryDirectory(prefix="older-") as secrets:
        index = Path(secrets, "index")
        index.touch(0o600)
        index.write_text(build.index_settings(os.environ))
        given_secrets = {"ca": build.authorities(os.environ), "index": str(index)}
        # gzip, since it is pulled by these tests alone
        output = f"type=image,name={tag}"
        command = build.command(output, "unknown", base_image, given_secrets, Path(secrets, "result.json"))
        _run(command, folder, engine.environment)
    return tag


def checkout(folder: Path) -> None:
    """Copy what makes the image, and put the older Airflow and the code of its time into the copy."""
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        folder.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, folder / name)
    compile_requirements(folder)
    plugins = folder / "plugins" / "fargate"
    for file, now, then in THEN:
        text = (plugins / file).read_text()
        assert text.count(now) == 1, f"{file} has changed: {now!r} is there {text.count(now)} times"
        (plugins / file).write_text(text.replace(now, then))
    shutil.copy(LANE, plugins / "local_lane.py")


def compile_requirements(folder: Path) -> None:
    """Resolve the list of packages anew for the older Airflow; what need not change stays as it is in the list."""
    override = folder / "override.txt"
    override.write_text(f"apache-airflow=={AIRFLOW}\n")
    uv = shutil.which("uv") or str(ROOT / ".local" / "uv" / "bin" / "uv")
    options = ("--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url")
    given = ("--override", str(override), "--output-file", "docker/requirements.txt", "pyproject.toml")
    _run([uv, "pip", "compile", *options, *given], folder)


def _run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    given = {**(environment or os.environ), "SOURCE_DATE_EPOCH": "0"}
    result = subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True)
    assert result.returncode == 0, f"{command}: {result.stdout[-2000:]}{result.stderr[-4000:]}"
    return result.stdout
