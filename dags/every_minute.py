"""
### A small workflow that starts every minute

The case in which the way to the registry decides the bill: each start pulls the worker's image, so
that a NAT gateway carries terabytes a week where VPC endpoints carry next to nothing.
"""

from airflow.sdk import dag, task

from fargate import fargate
from pipelines import tour
from pipelines.defaults import DEFAULT_ARGS, START


@dag(
    schedule="* * * * *",
    start_date=START,
    catchup=False,
    max_active_runs=3,
    default_args=DEFAULT_ARGS | {"retries": 0},
    doc_md=__doc__,
    tags=["example", "fargate", "traffic"],
)
def every_minute():
    @task(executor="FargateExecutor", executor_config=fargate(cpu=0.25, memory=0.5))
    def tick() -> str:
        return tour.where()

    tick()


every_minute()
