"""
### A run every five seconds, as long as there is a scheduler
"""

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import dag

from pipelines.defaults import START


@dag(schedule=timedelta(seconds=5), start_date=START, catchup=False, max_active_runs=1, tags=["proof"])
def upgrade_clock():
    EmptyOperator(task_id="tick")


upgrade_clock()
