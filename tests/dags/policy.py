"""The house's rules for DAGs. Each is a function that returns what breaks it, in words."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from airflow.sdk.definitions.mappedoperator import MappedOperator

from fargate import executor_config, settings

LONGEST_LABEL = "[:250]"  # the column holds no more, and a longer label leaves its task stuck
MOST_LINES = 80
FOREIGN = ("dags", "infra", "scripts", "tests")


def bag_violations(bag: Any, folder: Path) -> list[str]:
    """Every file of the folder is a DAG, of that name, and there is one at all."""
    names = {path.stem for path in folder.rglob("*.py")}
    errors = [f"{file}: {error.strip().splitlines()[-1]}" for file, error in bag.import_errors.items()]
    strange = [f"{dag_id} is in {Path(dag.fileloc).name}" for dag_id, dag in bag.dags.items() if dag_id != file_of(dag)]
    missing = [f"{name}.py has no DAG {name}" for name in sorted(names - set(bag.dags))]
    return [*errors, *strange, *missing] if names else [f"there is no DAG file in {folder}"]


def file_of(dag: Any) -> str:
    return Path(dag.fileloc).stem


def undocumented(dag: Any) -> list[str]:
    lines = (dag.doc_md or "").strip().splitlines()
    return [] if len(lines) > 1 and lines[0].startswith("#") else ["doc_md is not a title and a text"]


def untagged(dag: Any) -> list[str]:
    return [] if dag.tags else ["there is no tag"]


def unowned(dag: Any) -> list[str]:
    return [f"{task.task_id} is owned by {task.owner!r}" for task in dag.tasks if task.owner in ("airflow", "", None)]


def undated(dag: Any) -> list[str]:
    if not dag.start_date:
        return ["there is no start_date"]
    zone = dag.timezone.name
    return [] if zone == settings.timezone() else [f"start_date is in {zone}, and the house in {settings.timezone()}"]


def catching_up(dag: Any) -> list[str]:
    return ["catchup is on"] if dag.catchup else []


def without_retries(dag: Any) -> list[str]:
    return [] if "retries" in dag.default_args else ["default_args do not say how often a task is retried"]


def unlabelled(dag: Any) -> list[str]:
    mapped = [task for task in dag.tasks if isinstance(task, MappedOperator) or task.get_closest_mapped_task_group()]
    short = [task.task_id for task in mapped if LONGEST_LABEL not in (task.map_index_template or "")]
    return [f"{task_id} is mapped and its map_index_template has no {LONGEST_LABEL}" for task_id in short]


def unsized(dag: Any) -> list[str]:
    """A task on Fargate has a legal executor_config; a task elsewhere has none."""
    return [f"{task.task_id}: {reason}" for task in dag.tasks if (reason := _illegal(task))]


def _illegal(task: Any) -> str:
    config = task.executor_config or {}
    if "Fargate" not in (task.executor or ""):
        return "has an executor_config and no FargateExecutor" if config else ""
    try:
        executor_config.check(config)
    except ValueError as error:
        return str(error)
    return ""


def too_long(source: str) -> list[str]:
    """The wiring is short; the docstring may be as long as it needs to be."""
    tree = ast.parse(source)
    documented = ast.get_docstring(tree) is not None
    lines = len(source.splitlines()) - ((tree.body[0].end_lineno or 0) if documented else 0)
    return [f"{lines} lines beside the docstring, and {MOST_LINES} are allowed"] if lines > MOST_LINES else []


def foreign_imports(source: str) -> list[str]:
    return [f"imports {name}" for name in _imported(source) if name.partition(".")[0] in FOREIGN]


def reading_the_environment(source: str) -> list[str]:
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
    read = [ast.unparse(node) for node in nodes if ast.unparse(node) in ("os.environ", "os.getenv", "os.environb")]
    return [
        f"reads {name}"
        for name in [*read, *(name for name in _imported(source) if name in ("os.environ", "os.getenv"))]
    ]


def _imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


OF_A_DAG: list[Callable[[Any], list[str]]] = [
    *(undocumented, untagged, unowned, undated, catching_up, without_retries, unlabelled, unsized),
]
OF_A_FILE: list[Callable[[str], list[str]]] = [too_long, foreign_imports, reading_the_environment]
