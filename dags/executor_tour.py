"""
### Every way to choose an executor, a size and a label

Nothing here does real work: each task shows one way to write it. What names no executor runs on
the first of the list, LocalExecutor; `FargateExecutor` gives a task a container of its own.

| task | way |
|---|---|
| `local` | names nothing |
| `by_decorator` | `@task(executor=…)`, with a size |
| `by_argument` | an operator's argument, with CPU, memory and disk |
| `by_default_args.*` | `default_args` of a task group |
| `on_spot` | a size on Spot capacity |
| `squares` | TaskFlow mapping with `map_index_template` |
| `greet` | classic mapping: `.partial(…).expand(…)` |
| `city.*` | a mapped task group, its label from the group's input |
"""

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag, task, task_group

from fargate import fargate
from pipelines import tour
from pipelines.defaults import DEFAULT_ARGS, START

ON_FARGATE = {"executor": "FargateExecutor", "executor_config": fargate(cpu=0.25, memory=0.5)}
CITIES = [{"code": "ICN", "name": "Seoul"}, {"code": "EWR", "name": "Newark"}]
CITY = "{{ (task.op_kwargs['place'].values() | join(' · '))[:250] }}"


@dag(
    schedule=None,
    start_date=START,
    catchup=False,
    default_args=DEFAULT_ARGS,
    doc_md=__doc__,
    tags=["example", "fargate"],
)
def executor_tour():
    local = task(tour.where, task_id="local")()

    @task(executor="FargateExecutor", executor_config=fargate(cpu=0.25, memory=0.5))
    def by_decorator() -> str:
        return tour.where()

    by_argument = BashOperator(
        task_id="by_argument",
        bash_command="df -h . && nproc",
        executor="FargateExecutor",
        executor_config=fargate(cpu=1, memory=2, disk=30),
    )

    @task_group(default_args=ON_FARGATE)
    def by_default_args():
        task(tour.where, task_id="first")() >> task(tour.where, task_id="second")()

    @task(executor="FargateExecutor", executor_config=fargate(cpu=0.5, memory=1, spot=True))
    def on_spot() -> str:
        return tour.where()

    @task(map_index_template="{{ (task.op_kwargs['x'] ~ '²')[:250] }}", **ON_FARGATE)
    def squares(x: int) -> int:
        return x * x

    greet = BashOperator.partial(
        task_id="greet", bash_command='echo "Hello, $WHO"', map_index_template="{{ task.env['WHO'][:250] }}"
    ).expand(env=[{"WHO": "Seoul"}, {"WHO": "Newark"}])

    @task_group
    def city(place: dict):
        measure = task(tour.measure, task_id="measure", map_index_template=CITY)(place=place)
        task(tour.report, task_id="report", map_index_template=CITY, **ON_FARGATE)(place=place, letters=measure)

    local >> [by_decorator(), by_argument, by_default_args(), on_spot()]
    squares.expand(x=[1, 2, 3]) >> greet >> city.expand(place=CITIES)


executor_tour()
