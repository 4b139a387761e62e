from typing import Any

from tests.infra.local.aws.gaps.network import new_name

INSIGHTS = ("PerformanceInsightsEnabled", "PerformanceInsightsKMSKeyId", "PerformanceInsightsRetentionPeriod")
ASKED = {"EnablePerformanceInsights": True, "PerformanceInsightsKMSKeyId": "k", "PerformanceInsightsRetentionPeriod": 7}


def database(client: Any, **asked: Any) -> str:
    name = new_name()
    client("rds").create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.medium",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="master",
        MasterUserPassword="not-a-secret",
        **asked,
    )
    return name


def insights(client: Any, name: str) -> list[Any]:
    [described] = client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return [described.get(field) for field in INSIGHTS]


def test_performance_insights_are_as_asked_for(gap: Any) -> None:
    gap(lambda client: insights(client, database(client, **ASKED)), [True, "k", 7])


def test_performance_insights_are_off_when_nobody_asked(gap: Any) -> None:
    gap(lambda client: insights(client, database(client))[0], False)


def test_performance_insights_can_be_changed(gap: Any) -> None:
    def probe(client: Any) -> Any:
        name = database(client)
        client("rds").modify_db_instance(DBInstanceIdentifier=name, **ASKED)
        return insights(client, name)

    gap(probe, [True, "k", 7])


def test_a_parameter_says_that_the_user_set_it(gap: Any) -> None:
    def probe(client: Any) -> Any:
        rds, name = client("rds"), new_name()
        rds.create_db_parameter_group(DBParameterGroupName=name, DBParameterGroupFamily="postgres17", Description="d")
        parameter = {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "pending-reboot"}
        rds.modify_db_parameter_group(DBParameterGroupName=name, Parameters=[parameter])
        found = rds.describe_db_parameters(DBParameterGroupName=name)["Parameters"]
        return [(entry["ParameterName"], entry["ParameterValue"], entry["Source"]) for entry in found]

    gap(probe, [("rds.force_ssl", "1", "user")])
