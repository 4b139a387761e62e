"""Releases to deploy: the image of this checkout, and in each another DAG and another body."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

FILES = Path(__file__).with_name("release")
PLACES = {
    "deploy_proof_dag.py": "dags/deploy_proof_dag.py",
    "deploy_proof.py": "plugins/pipelines/deploy_proof.py",
    "proof_requests.py": "plugins/proof_requests.py",
}


@dataclass(frozen=True)
class ProofRelease:
    """``name`` is what the tasks of this release write; it becomes the revision of its image."""

    name: str
    image: str

    @property
    def task(self) -> str:
        """The task that no other release has."""
        return f"only_in_{self.name}"


def build(base: str, name: str, folder: Path, tag: str, *, extra: dict[str, str] | None = None) -> ProofRelease:
    """Build a release on top of an image.

    :param name: eight hexadecimal digits or more, as a commit has
    :param extra: further files below /opt/airflow, by path
    """
    context = folder / name
    shutil.rmtree(context, ignore_errors=True)
    for file, place in PLACES.items():
        _put(context / "airflow" / place, (FILES / file).read_text().replace("RELEASE_NAME", name))
    for place, text in (extra or {}).items():
        _put(context / "airflow" / place, text)
    lines = [f"FROM {base}", "COPY airflow /opt/airflow", f'LABEL org.opencontainers.image.revision="{name}"']
    (context / "Dockerfile").write_text("\n".join(lines) + "\n")
    subprocess.run(["docker", "build", "--quiet", "--tag", tag, str(context)], check=True, capture_output=True)
    return ProofRelease(name, tag)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
