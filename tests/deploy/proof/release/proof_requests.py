"""Requests that take as long as they are asked to: what a person's download or a caller's wait is like."""

import asyncio
from typing import Any

from airflow.plugins_manager import AirflowPlugin


class Pages:
    """``/proof/long/SECONDS`` answers after so many seconds, ``/proof/stream/SECONDS`` sends a line each second."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        kind, _, seconds = scope["path"].removeprefix("/proof/").partition("/")
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"application/x-ndjson" if kind == "stream" else b"text/plain")],
            }
        )
        for second in range(int(seconds)):
            await asyncio.sleep(1)
            if kind == "stream":
                line = b'{"second": %d}\n' % second
                await send({"type": "http.response.body", "body": line, "more_body": True})
        await send({"type": "http.response.body", "body": b"done\n"})


class ProofPlugin(AirflowPlugin):
    name = "proof"
    fastapi_apps = [{"name": "proof", "url_prefix": "/proof", "app": Pages()}]  # noqa: RUF012 (Airflow reads a list)
