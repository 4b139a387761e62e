"""Airflow tasks on AWS Fargate: the executor, the sizes, and what they need.

The one package of this repository that calls ECS.
"""

from fargate.executor_config import fargate

__all__ = ["fargate"]
