"""The code of the releases that the tests switch between: DAGs and plugins that differ in what can differ."""

import shutil
from pathlib import Path

from infra.local.layout import ROOT

IGNORED = shutil.ignore_patterns("__pycache__")
BODY = """
def word():
    return "{word}"
"""
# the class of the trigger is another one in each release, and none has the other's
GATE = '''
import asyncio
from pathlib import Path

from airflow.sdk import BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent


class Open{word}(BaseTrigger):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def serialize(self):
        return f"{{__name__}}.Open{word}", {{"path": self.path}}

    async def run(self):
        from pipelines.body import word

        while not Path(self.path).exists():
            await asyncio.sleep(0.2)
        yield TriggerEvent(word())


class Gate(BaseOperator):
    """Waits, deferred, for a file with the name of the run."""

    def __init__(self, folder, **options):
        super().__init__(**options)
        self.folder = folder

    def execute(self, context):
        path = f"{{self.folder}}/{{context['run_id']}}"
        self.defer(trigger=Open{word}(path), method_name="opened")

    def opened(self, context, event):
        return event
'''
HEAD = """
from pathlib import Path

from airflow.sdk import DAG, task
from pipelines.{gate} import Gate


def words():
    import fargate.executor_config
    from pipelines.body import word

    code = [Path(fargate.executor_config.__file__), Path(__file__)]
    return ["{word}", word(), *(str(path.is_relative_to("{other}")) for path in code)]


def failed(context):
    Path("{gates}", f"callback-{{context['run_id']}}").write_text(" ".join(words()))


"""
# the older release has task old, the newer one has new in its place and one more
PINNED = """
with DAG("pinned", schedule=None, is_paused_upon_creation=False):
    gate = Gate(task_id="gate", folder="{gates}")
    local = task(words, task_id="local")
    remote = task(words, task_id="remote", executor="FargateExecutor")
    gate >> local() >> remote() >> {rest}
"""
REST = {"A": 'task(words, task_id="old")()', "B": 'task(words, task_id="new")() >> task(words, task_id="added")()'}
FAILING = """
def fail():
    raise ValueError("as it should")


with DAG("failing", schedule=None, on_failure_callback=failed, is_paused_upon_creation=False):
    Gate(task_id="gate", folder="{gates}") >> task(fail, task_id="fail")()
"""
# paused: runs of it are made, and do not run
DAILY = """
import pendulum

with DAG("daily", schedule="@daily", start_date=pendulum.datetime(2026, 1, 1), catchup=False):
    task(words, task_id="words")()
"""
# the newer release has neither the file nor the DAG
DROPPED = """
import pendulum

with DAG("dropped", schedule="@daily", start_date=pendulum.datetime(2099, 1, 1), is_paused_upon_creation=False):
    Gate(task_id="gate", folder="{gates}") >> task(words, task_id="after")()
"""


def write(folder: Path, word: str, gates: Path, other: Path) -> None:
    """Write DAGs and plugins of release A or B below ``folder``; ``other`` has those of the other one."""
    shutil.copytree(ROOT / "plugins", folder / "plugins", ignore=IGNORED)
    values = {"word": word, "gate": f"gate_{word.lower()}", "gates": gates, "other": other, "rest": REST[word]}
    files = {
        "plugins/pipelines/body.py": BODY,
        f"plugins/pipelines/{values['gate']}.py": GATE,
        "dags/pinned.py": HEAD + PINNED,
        "dags/failing.py": HEAD + FAILING,
        "dags/daily.py": HEAD + DAILY,
        **({"dags/dropped.py": HEAD + DROPPED} if word == "A" else {}),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(**values))
