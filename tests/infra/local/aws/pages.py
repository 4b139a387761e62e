"""The pages below ``/_fargate/``, as a test asks for them."""

import json
import urllib.error
import urllib.request
from typing import Any

PATIENCE_S = 15
CALM = {"quota": None, "call_quota": None, "provision_s": 0}


class Pages:
    """The pages below ``/_fargate/``."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/_fargate/"

    def ask(self, page: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + page, data, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE_S) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def get(self, page: str) -> Any:
        return self.ask(page)[1]

    def inject(self, **faults: Any) -> None:
        """Put faults in force on top of CALM: no quotas, and nothing to wait for."""
        status, answer = self.ask("faults", "PUT", CALM | faults)
        assert status == 200, answer

    def seen(self, **fields: Any) -> list[dict[str, Any]]:
        """Return the events with these fields."""
        return [event for event in self.get("events") if fields.items() <= event.items()]

    def task(self, arn: str) -> Any:
        return next(task for task in self.get("tasks") if task["arn"] == arn)

    def history(self, arn: str) -> list[str]:
        """Return the statuses that a task has had, in order."""
        return [entry["status"] for entry in self.task(arn)["history"]]
