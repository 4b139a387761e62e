"""
### Run a container of your own on Fargate, twice

For work that is not Python, or brings an image of its own: registers a task definition, runs it
with a command and with an environment from the run's conf, and deregisters it whatever happened.
Started by REST only: `scripts/trigger ecs_run_task param1=hello --wait`.

While a container runs, the task is *deferred*: it waits in the triggerer and takes no slot of the
local lane, so that a hundred runs may wait at once. Each container's CloudWatch log is in its
task's log.
"""

from airflow.providers.amazon.aws.operators.ecs import (
    EcsDeregisterTaskDefinitionOperator,
    EcsRegisterTaskDefinitionOperator,
    EcsRunTaskOperator,
)
from airflow.sdk import Param, dag, task

from fargate import settings, task_definitions
from pipelines.defaults import DEFAULT_ARGS, START

CONTAINER = "step"
PARAM1 = {"name": "PARAM1", "value": "{{ dag_run.conf['param1'] }}"}
LOOK = ["sh", "-c", 'echo "param1 is $PARAM1"']
COUNT = ["sh", "-c", 'for i in 1 2 3; do echo "$STEP $i of 3: $PARAM1"; sleep 1; done']


@dag(
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=100,
    default_args=DEFAULT_ARGS | {"aws_conn_id": None},
    params={"param1": Param(type="string", minLength=1, maxLength=1000, description="What the containers print.")},
    doc_md=__doc__,
    tags=["example", "ecs"],
)
def ecs_run_task():
    worker = task(task_definitions.like_worker)(settings.worker_definition())
    register = EcsRegisterTaskDefinitionOperator(
        task_id="register",
        family="ecs_run_task",
        container_definitions=[
            {
                "name": CONTAINER,
                "image": worker["image"],
                "essential": True,
                "command": LOOK,
                "logConfiguration": worker["logs"],
            },
        ],
        register_task_kwargs=worker["register"],
    )

    def run(task_id: str, override: dict) -> EcsRunTaskOperator:
        return EcsRunTaskOperator(
            task_id=task_id,
            cluster=settings.cluster(),
            task_definition=register.output,
            launch_type="FARGATE",
            network_configuration=settings.network(),
            overrides={"containerOverrides": [{"name": CONTAINER, **override}]},
            container_name=CONTAINER,
            awslogs_group=worker["log_group"],
            awslogs_stream_prefix=worker["log_prefix"],
            deferrable=True,
            waiter_delay=2,
            reattach=True,
        )

    look = run("look", {"environment": [PARAM1]})
    count = run("count", {"command": COUNT, "environment": [PARAM1, {"name": "STEP", "value": "count"}]})
    deregister = EcsDeregisterTaskDefinitionOperator(
        task_id="deregister", task_definition=register.output, trigger_rule="all_done"
    )
    register >> look >> count >> deregister


ecs_run_task()
