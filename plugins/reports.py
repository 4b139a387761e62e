"""Reports of DAGs in the UI: the link on the task that wrote one, and the page behind it.

Every process of Airflow imports this module, workers too: what only the api-server needs is
imported when the first report is asked for.
"""

from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from fastapi import FastAPI

PREFIX = "/reports"
VALID_S = 300


class ReportLink(BaseOperatorLink):
    """A button "Report" on a task, to the report of its DAG."""

    name = "Report"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        return f"{PREFIX}/{ti_key.dag_id}"


class Pages:
    """The ASGI application below ``/reports``, made on its first request."""

    def __init__(self) -> None:
        self._app: FastAPI | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:
            self._app = build_app()
        await self._app(scope, receive, send)


def build_app() -> "FastAPI":
    """Return the application: ``/reports/DAG_ID`` leads to the report in the lake bucket.

    Who may read the DAG gets an address that S3 accepts for five minutes. The report is served
    by S3 and not from here, so that no script in it could use the reader's session.
    """
    from airflow.api_fastapi.core_api.security import requires_access_dag
    from fastapi import Depends, FastAPI
    from fastapi.responses import RedirectResponse

    app = FastAPI(openapi_url=None)

    @app.get("/{dag_id}", dependencies=[Depends(requires_access_dag("GET"))])
    def report(dag_id: str) -> RedirectResponse:
        return RedirectResponse(presigned_url(f"reports/{dag_id}.html"))

    return app


def presigned_url(key: str) -> str:
    """Return the address of an object of the lake bucket for whoever holds it, for five minutes."""
    import boto3
    from botocore.config import Config

    from fargate import settings

    # the host of the bucket's region: another one redirects, and the signature does not hold there
    s3 = boto3.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
    parameters = {"Bucket": settings.lake_bucket(), "Key": key}
    url: str = s3.generate_presigned_url("get_object", Params=parameters, ExpiresIn=VALID_S)
    return url


class ReportsPlugin(AirflowPlugin):
    """Tells Airflow of the pages."""

    name = "reports"
    fastapi_apps = [{"name": "reports", "url_prefix": PREFIX, "app": Pages()}]  # noqa: RUF012 (Airflow reads a list)
