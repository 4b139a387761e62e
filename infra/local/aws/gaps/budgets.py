"""Budgets: subscribers, tags and changes.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_Operations_AWS_Budgets.html
"""

import json
from typing import Any

from moto.budgets.models import Budget, Notification
from moto.budgets.responses import BudgetsResponse

IDENTITY = ("NotificationType", "ComparisonOperator", "Threshold")


def close() -> None:
    _create = BudgetsResponse.create_budget

    def create_budget(response: BudgetsResponse) -> str:
        answer: str = _create(response)
        _budget(response, response._get_param("Budget")["BudgetName"]).tags = response._get_param("ResourceTags") or []
        return answer

    BudgetsResponse.create_budget = create_budget
    BudgetsResponse.update_budget = _update_budget
    BudgetsResponse.describe_subscribers_for_notification = _describe_subscribers
    BudgetsResponse.list_tags_for_resource = _list_tags
    BudgetsResponse.tag_resource = _tag
    BudgetsResponse.untag_resource = _untag


def _update_budget(response: BudgetsResponse) -> str:
    new = response._get_param("NewBudget")
    _budget(response, new["BudgetName"]).budget.update(new)
    return json.dumps({})


def _describe_subscribers(response: BudgetsResponse) -> str:
    asked = response._get_param("Notification")
    notifications = _budget(response, response._get_param("BudgetName")).notifications
    found = [notification.subscribers for notification in notifications if _same(notification, asked)]
    return json.dumps({"Subscribers": found[0] if found else []})


def _same(notification: Notification, asked: dict[str, Any]) -> bool:
    return all(notification.details.get(name) == asked.get(name) for name in IDENTITY)


def _list_tags(response: BudgetsResponse) -> str:
    return json.dumps({"ResourceTags": _tagged(response).tags})


def _tag(response: BudgetsResponse) -> str:
    new = response._get_param("ResourceTags")
    _replace_tags(response, {tag["Key"] for tag in new}, new)
    return json.dumps({})


def _untag(response: BudgetsResponse) -> str:
    _replace_tags(response, set(response._get_param("ResourceTagKeys")), [])
    return json.dumps({})


def _replace_tags(response: BudgetsResponse, keys: set[str], new: list[dict[str, str]]) -> None:
    budget = _tagged(response)
    budget.tags = [tag for tag in budget.tags if tag["Key"] not in keys] + new


def _tagged(response: BudgetsResponse) -> Budget:
    return _budget(response, response._get_param("ResourceARN").partition(":budget/")[2])


def _budget(response: BudgetsResponse, name: str) -> Budget:
    account = response._get_param("AccountId") or response.current_account
    response.backend.describe_budget(account, name)  # raises NotFoundException
    return response.backend.budgets[account][name]
