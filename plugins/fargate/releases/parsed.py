"""What the code of this image is: its DAGs, its triggers, and the database schema that it needs."""

import ast
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Parsed:
    """The DAGs of the image: the file of each, and the error of each file that has one."""

    dags: dict[str, str]
    errors: dict[str, str]


class NoDags(ValueError):
    """A folder in which no DAG was found."""


def dags(folder: Path) -> Parsed:
    """Parse the DAGs of a folder.

    :raises NoDags: when there are neither DAGs nor errors: it is the wrong folder
    """
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(folder, bundle_path=folder)
    if not bag.dags and not bag.import_errors:
        raise NoDags(f"{folder} holds no DAG: is it the DAGs folder of the image?")
    found = {dag_id: str(Path(dag.fileloc).relative_to(folder)) for dag_id, dag in sorted(bag.dags.items())}
    return Parsed(found, {_within(file, folder): text for file, text in sorted(bag.import_errors.items())})


def _within(file: str, folder: Path) -> str:
    return str(Path(file).relative_to(folder)) if Path(file).is_absolute() else file


def triggers(plugins: Path) -> list[str]:
    """Return the classes below a folder of plugins that are called a trigger, without importing anything."""
    found = []
    for path in sorted(plugins.rglob("*.py")):
        module = ".".join(path.relative_to(plugins).with_suffix("").parts)
        classes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
        found += [
            f"{module}.{each.name}"
            for each in classes
            if any(ast.unparse(base).endswith("Trigger") for base in each.bases)
        ]
    return found


def migration_heads() -> dict[str, str]:
    """Return the heads of the migrations that this image has, of Airflow's tables and of the login's."""
    from airflow.providers.fab.auth_manager.models.db import FABDBManager
    from airflow.utils.db import _get_alembic_config
    from airflow.utils.session import create_session
    from alembic.script import ScriptDirectory

    own = ScriptDirectory.from_config(_get_alembic_config()).get_current_head()  # type: ignore[no-untyped-call]
    with create_session() as session:
        fab = FABDBManager(session).get_script_object().get_current_head()  # type: ignore[no-untyped-call]
    return {"airflow": str(own), "fab": str(fab)}
