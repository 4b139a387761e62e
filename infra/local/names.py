"""The names of what the local AWS account holds."""

from dataclasses import dataclass

REGION = "ap-northeast-2"
ACCOUNT = "123456789012"
LOGS, LAKE, PAYLOADS, DEPLOY = "airflow-logs", "airflow-lake", "airflow-payloads", "airflow-deploy"
CLUSTER = "airflow"
WORKER_FAMILY = "airflow-worker"
LOG_GROUP = "/airflow/worker"
HOST_ROLE, TASK_ROLE, EXECUTION_ROLE = "airflow-host", "airflow-task", "airflow-execution"


@dataclass(frozen=True)
class Network:
    """Ids of the account's network. They stay the same however often the account is made."""

    subnets: tuple[str, ...]
    security_group: str


NETWORK = Network(
    subnets=("subnet-0000000000000000a", "subnet-0000000000000000c"),
    security_group="sg-0000000000000000a",
)
