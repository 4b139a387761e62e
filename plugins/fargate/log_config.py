"""Airflow's [logging] logging_config_class: Airflow's own, with the reader of task logs that is ours.

Airflow takes REMOTE_TASK_LOG and DEFAULT_REMOTE_CONN_ID from the module of that setting. The control
plane has it; workers only upload, and do that with the provider's class without importing this.
"""

from airflow.config_templates.airflow_local_settings import DEFAULT_LOGGING_CONFIG as LOGGING_CONFIG
from airflow.configuration import conf

from fargate.task_logs import TaskLogs

DEFAULT_REMOTE_CONN_ID = None  # without a connection's name, the role of the process
REMOTE_TASK_LOG = TaskLogs.from_config() if conf.getboolean("logging", "remote_logging") else None

__all__ = ["DEFAULT_REMOTE_CONN_ID", "LOGGING_CONFIG", "REMOTE_TASK_LOG"]
