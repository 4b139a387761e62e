from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.infra.local.aws.gaps.network import new_name

ACCOUNT = "123456789012"
TOPIC = {"SubscriptionType": "SNS", "Address": "arn:aws:sns:us-east-1:123456789012:alarms"}
MAIL = {"SubscriptionType": "EMAIL", "Address": "team@example.com"}
TAGS = [{"Key": "Deployment", "Value": "test"}]


def notification(kind: str, threshold: float) -> dict[str, Any]:
    return {"NotificationType": kind, "ComparisonOperator": "GREATER_THAN", "Threshold": threshold}


def limits(amount: str) -> dict[str, Any]:
    limit = {"Amount": amount, "Unit": "USD"}
    return {"BudgetLimit": limit, "TimeUnit": "MONTHLY", "BudgetType": "COST"}


def budget(client: Any) -> str:
    name = new_name()
    client("budgets").create_budget(
        AccountId=ACCOUNT,
        Budget={"BudgetName": name, **limits("300")},
        NotificationsWithSubscribers=[
            {"Notification": notification("ACTUAL", 80), "Subscribers": [TOPIC]},
            {"Notification": notification("FORECASTED", 100), "Subscribers": [TOPIC, MAIL]},
        ],
        ResourceTags=TAGS,
    )
    return name


def arn(name: str) -> str:
    return f"arn:aws:budgets::{ACCOUNT}:budget/{name}"


def test_each_notification_has_its_subscribers(gap: Any) -> None:
    def probe(client: Any) -> Any:
        named = {"AccountId": ACCOUNT, "BudgetName": budget(client)}
        asked = [notification("ACTUAL", 80), notification("FORECASTED", 100), notification("ACTUAL", 100)]
        ask = client("budgets").describe_subscribers_for_notification
        return [ask(**named, Notification=one)["Subscribers"] for one in asked]

    gap(probe, [[TOPIC], [TOPIC, MAIL], []])


def test_a_budget_keeps_its_tags(gap: Any) -> None:
    def probe(client: Any) -> Any:
        return client("budgets").list_tags_for_resource(ResourceARN=arn(budget(client)))["ResourceTags"]

    gap(probe, TAGS)


def test_tags_can_be_changed(gap: Any) -> None:
    def probe(client: Any) -> Any:
        name = arn(budget(client))
        new = [{"Key": "Deployment", "Value": "new"}, {"Key": "Team", "Value": "data"}]
        client("budgets").tag_resource(ResourceARN=name, ResourceTags=new)
        client("budgets").untag_resource(ResourceARN=name, ResourceTagKeys=["Deployment"])
        return client("budgets").list_tags_for_resource(ResourceARN=name)["ResourceTags"]

    gap(probe, [{"Key": "Team", "Value": "data"}])


def test_a_limit_can_be_changed(gap: Any) -> None:
    def probe(client: Any) -> Any:
        name = budget(client)
        client("budgets").update_budget(AccountId=ACCOUNT, NewBudget={"BudgetName": name, **limits("500")})
        told = client("budgets").describe_budget(AccountId=ACCOUNT, BudgetName=name)["Budget"]
        return told["BudgetLimit"]["Amount"], told["BudgetName"] == name

    gap(probe, ("500", True))


def test_a_budget_that_is_not_there_has_no_tags(closed: Any) -> None:
    with pytest.raises(ClientError, match="doesn't exist"):
        closed("budgets").list_tags_for_resource(ResourceARN=arn("none"))
