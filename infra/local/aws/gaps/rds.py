"""RDS: performance insights as they were asked for, and parameters with their source."""

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.models import DBInstance
from moto.rds.responses import RDSResponse

INSIGHTS = {
    "performance_insights_enabled": "enable_performance_insights",
    "performance_insights_kms_key_id": "performance_insights_kms_key_id",
    "performance_insights_retention_period": "performance_insights_retention_period",
}


def close() -> None:
    _keep_insights()
    _name_sources()


def _keep_insights() -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html"""
    create = DBInstance.__init__

    def with_insights(instance: Any, *args: Any, **kwargs: Any) -> None:
        create(instance, *args, **kwargs)
        for told in INSIGHTS.values():
            setattr(instance, told, kwargs.get(told))

    DBInstance.__init__ = with_insights
    # ModifyDBInstance sets what it is told under the name of its parameter
    DBInstance.performance_insights_enabled = property(lambda instance: bool(instance.enable_performance_insights))


def _name_sources() -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Parameter.html

    moto knows only the parameters that somebody set.
    """
    describe = RDSResponse.describe_db_parameters

    def with_source(response: RDSResponse) -> ActionResult:
        parameters = describe(response).result["Parameters"]
        return ActionResult({"Parameters": [{**parameter, "Source": "user"} for parameter in parameters]})

    RDSResponse.describe_db_parameters = with_source
