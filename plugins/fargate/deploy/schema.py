"""The migrations of Airflow's database: which it has, and which this image has."""

from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg2

from fargate.deploy import connections, database, secret_values

AIRFLOW = "alembic_version"


def compare() -> dict[str, Any]:
    """Return how the database stands to this image: ``equal``, ``empty``, ``behind`` or ``ahead``; and its limits."""
    secret_values.export()
    return compared(scripts())


def compared(ours: dict[str, Any]) -> dict[str, Any]:
    with closing(database.reachable("airflow-deploy-schema")) as connection:
        theirs = {table: _version(connection, table) for table in ours}
        taken = connections.limits(connection)
    heads = {table: sorted(script.get_heads()) for table, script in ours.items()}
    told = {"image": heads, "database": theirs, "airflow": version("apache-airflow-core")}
    return {"state": state(ours, theirs), **told, "connections": taken}


def state(ours: dict[str, Any], theirs: dict[str, list[str]]) -> str:
    """Compare heads by table. What the image does not know was made by a newer one."""
    if not theirs[AIRFLOW]:
        return "empty"
    known = {table: {revision.revision for revision in script.walk_revisions()} for table, script in ours.items()}
    if any(set(theirs[table]) - known[table] for table in ours):
        return "ahead"
    equal = all(set(theirs[table]) == set(script.get_heads()) for table, script in ours.items())
    return "equal" if equal else "behind"


def scripts() -> dict[str, Any]:
    """Return the migration scripts of Airflow and of what keeps tables of its own, by their version table."""
    import airflow
    from airflow.utils.db_manager import RunDBManager
    from alembic.script import ScriptDirectory

    managers = RunDBManager()._managers  # type: ignore[no-untyped-call]
    folders = {AIRFLOW: str(Path(airflow.__file__).parent / "migrations")}
    folders |= {manager.version_table_name: manager.migration_dir for manager in managers}
    return {table: ScriptDirectory(folder) for table, folder in folders.items()}


def migrate() -> dict[str, Any]:
    """Run ``airflow db migrate``, which takes a lock of its session: hence directly, past any pooler."""
    secret_values.export()
    from airflow.cli.cli_parser import get_parser

    arguments = get_parser().parse_args(["db", "migrate"])
    arguments.func(arguments)
    return compared(scripts())


def _version(connection: Any, table: str) -> list[str]:
    try:
        return [row["version_num"] for row in database.rows(connection, f"SELECT version_num FROM {table}")]
    except psycopg2.errors.UndefinedTable:
        return []
