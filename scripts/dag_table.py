"""Write the table of DAGs in dags/README.md, from the DAGs themselves.

usage: scripts/dag_table            write it
       scripts/dag_table --check    only tell whether it is up to date
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from infra.local.environment import parsing

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "dags" / "README.md"
HEAD = """\
# DAGs

Made by `scripts/dag_table`; `make check` fails when it is out of date.

| DAG | what it does | starts | executors | tags |
|---|---|---|---|---|
"""


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print((__doc__ or "").strip())
        return 0 if arguments[0] in ("-h", "--help") else 2
    text = HEAD + "".join(row(dag) for dag in load_dags())
    if arguments and text != README.read_text():
        print("dags/README.md is out of date: run scripts/dag_table", file=sys.stderr)
        return 1
    if not arguments:
        README.write_text(text)
    return 0


def load_dags() -> list[Any]:
    """Return the DAGs by id, as Airflow parses them; an import error or no DAG at all ends the program."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(ROOT / "dags")
    if bag.import_errors or not bag.dags:
        sys.exit(f"cannot read the DAGs: {bag.import_errors or 'there are none in dags/'}")
    return [bag.dags[dag_id] for dag_id in sorted(bag.dags)]


def row(dag: Any) -> str:
    """Return a DAG's line of the table."""
    executors = sorted({task.executor or "LocalExecutor" for task in dag.tasks})
    cells = (
        f"[{dag.dag_id}]({dag.dag_id}.py)",
        summary(dag.doc_md or ""),
        starts(dag),
        ", ".join(executors),
        ", ".join(sorted(dag.tags)),
    )
    return f"| {' | '.join(cells)} |\n"


def summary(doc: str) -> str:
    """Return the title of a DAG's documentation."""
    return doc.strip().partition("\n")[0].lstrip("# ")


def starts(dag: Any) -> str:
    """Say when a DAG starts by itself."""
    return f"`{dag.schedule}` {dag.timezone.name}" if dag.schedule else "by REST or by hand"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(parsing(Path(home)))
        sys.exit(main(sys.argv[1:]))
