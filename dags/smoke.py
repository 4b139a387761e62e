"""
### A release works

What `scripts/smoke` starts after a deploy: a task beside the scheduler, and one on Fargate for each of two
labels, in the smallest size. They touch nothing.
"""

from airflow.sdk import dag, task

from fargate import fargate
from pipelines import tour
from pipelines.defaults import DEFAULT_ARGS, START


@dag(
    schedule=None,
    start_date=START,
    catchup=False,
    default_args=DEFAULT_ARGS | {"retries": 0},
    doc_md=__doc__,
    tags=["fargate", "smoke"],
)
def smoke():
    @task(
        executor="FargateExecutor",
        executor_config=fargate(cpu=0.25, memory=0.5),
        map_index_template="{{ task.op_kwargs['place'][:250] }}",
    )
    def there(place: str) -> str:
        return f"{place}: {tour.where()}"

    task(tour.where, task_id="here")() >> there.expand(place=["first place", "second place"])


smoke()
