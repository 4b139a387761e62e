"""The pages beside AWS's own: what ran, what was called, what shall go wrong, and credentials."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Request, Response

from infra.local.aws import faults
from infra.local.aws.fargate import Fargate
from infra.local.aws.task_view import audit

PREFIX = "/_fargate/"


class Control:
    """A WSGI application for everything below ``/_fargate/``; the rest goes to ``aws``."""

    def __init__(self, aws: Any, fargate: Fargate) -> None:
        self.aws, self.fargate = aws, fargate
        self.healthy = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if not environ["PATH_INFO"].startswith(PREFIX):
            return self.aws(environ, start_response)
        request = Request(environ)
        try:
            response = self._answer(request)
        except faults.IllegalFault as error:
            response = _json({"error": str(error)}, 400)
        except HTTPException as error:
            response = _json({"error": error.description}, error.code or 500)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        page, _, rest = request.path.removeprefix(PREFIX).partition("/")
        if request.method == "PUT" and page == "faults":
            self.fargate.inject(faults.parse(_body(request)))
            return _json(self.fargate.faults.as_json())
        if request.method != "GET":
            raise MethodNotAllowed(description="GET all pages, PUT /_fargate/faults")
        match page:
            case "health":
                return _json({"healthy": self.healthy}, 200 if self.healthy else 503)
            case "tasks":
                return _json([audit(task) for task in list(self.fargate.tasks.values())])
            case "events":
                return _json(self.fargate.events.since(_since(request)))
            case "faults":
                return _json(self.fargate.faults.as_json())
            case "credentials":
                return _json(credentials(rest))
        raise NotFound(description="the pages are health, tasks, events, faults and credentials/ROLE")


def credentials(role: str) -> dict[str, str]:
    """Return temporary credentials of ``role``, in the form of the ECS task role endpoint.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    """
    return {
        "RoleArn": f"arn:aws:iam::123456789012:role/{role}",
        "AccessKeyId": "ASIALOCALONLY",
        "SecretAccessKey": "local-only",
        "Token": "local-only",
        "Expiration": (datetime.now(UTC) + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _since(request: Request) -> int:
    text = request.args.get("since", "0")
    if not text.isdecimal():
        raise BadRequest(description=f"since is the number of an event, not {text!r}")
    return int(text)


def _body(request: Request) -> Any:
    try:
        return json.loads(request.get_data() or b"{}")
    except ValueError as error:
        raise faults.IllegalFault(f"the body is not JSON: {error}") from None


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status=status, mimetype="application/json")
