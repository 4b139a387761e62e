"""
### Flight delays, New York City

Every flight that left EWR, JFK or LGA, from the raw monthly files of the ingest to a report.

1. **list_small** and **list_large** find what is new in `raw/flights/`: the carriers, by the size
   of task that their rows need.
2. **load_small** and **load_large** run one Fargate task a carrier in that size, and write Parquet
   partitions `flights/carrier=…/month=…/`.
3. **check_quality** compares the partitions with the raw files: the same rows, no negative duration.
4. **join_weather** joins all flights with the weather and writes the tables of `marts/`.
5. **write_report** draws the report: the button *Report* on that task, or [here](/reports/flight_delays).

6. **finish** remembers what was loaded and says what changed.

Nothing is done twice: a run over files that were loaded before changes nothing and says so in
**finish**. With `force` it loads them again, and unchanged results stay untouched.
"""

from airflow.sdk import Param, dag, task

from fargate import fargate, settings
from pipelines.defaults import DEFAULT_ARGS, START
from pipelines.flights import inventory, marts, partitions, quality, report, summary
from pipelines.lake import Lake
from reports import ReportLink

SIZES = {"small": fargate(cpu=0.25, memory=1), "large": fargate(cpu=0.5, memory=2)}
LABEL = "{{ task.op_kwargs['work']['label'][:250] }}"

PARAMS = {
    "carriers": Param(
        ["UA", "B6", "EV", "DL", "AA"],
        type="array",
        items={"type": "string", "pattern": "^[A-Z0-9]{2}$"},
        uniqueItems=True,
        description="Codes such as UA; empty means all. Without it, the five largest.",
    ),
    "months": Param(
        [],
        type="array",
        items={"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"},
        uniqueItems=True,
        description="Such as 2013-01; empty means all.",
    ),
    "force": Param(False, type="boolean", description="Load again what was loaded before."),
}


@dag(
    schedule="0 6 * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=PARAMS,
    doc_md=__doc__,
    tags=["flights", "fargate", "report"],
)
def flight_delays():
    @task
    def list_new(size: str, params: dict) -> list[dict]:
        lake = Lake(settings.lake_bucket())
        return inventory.list_new(lake, size, params["carriers"], params["months"], params["force"])

    @task(executor="FargateExecutor", map_index_template=LABEL)
    def load(work: dict) -> dict:
        return partitions.load(Lake(settings.lake_bucket()), **work)

    @task(trigger_rule="none_failed_min_one_success", retries=0)
    def check_quality(loaded: dict) -> dict:
        return quality.check(Lake(settings.lake_bucket()), loaded)

    @task(executor="FargateExecutor", executor_config=SIZES["large"])
    def join_weather() -> dict:
        return marts.build(Lake(settings.lake_bucket()))

    @task
    def write_report() -> dict:
        return report.write(Lake(settings.lake_bucket()))

    @task(trigger_rule="none_failed")
    def finish(loaded: dict, written: dict | None) -> str:
        inventory.mark_done(Lake(settings.lake_bucket()), loaded)
        return summary.tell(loaded, written)

    work = {size: list_new.override(task_id=f"list_{size}")(size) for size in SIZES}
    loaded = {
        size: load.override(task_id=f"load_{size}", executor_config=config).expand(work=work[size])
        for size, config in SIZES.items()
    }
    written = write_report()
    written.operator.operator_extra_links = (ReportLink(),)
    check_quality(loaded) >> join_weather() >> written
    finish(loaded, written)


flight_delays()
