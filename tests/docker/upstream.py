"""A small stand-in for an api-server: the paths that the load asks, on uvicorn as Airflow runs it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.responses import Response

COLOUR = os.environ.get("COLOUR", "none")
# one file for both colours, as they have one database
STORE = Path(os.environ.get("STORE", "store"))

app = FastAPI()
# mounted as Airflow mounts it
execution = FastAPI()
app.mount("/execution", execution)


@app.middleware("http")
async def _sign(request: Request, call_next):  # type: ignore[no-untyped-def]
    response = await call_next(request)
    response.headers["x-answered-by"] = COLOUR
    response.headers["x-served"] = request.scope.get("root_path", "")
    return response


@execution.get("/health")
def health() -> dict[str, str]:
    return {"status": "healthy"}


@execution.put("/task-instances/{task}/heartbeat")
def heartbeat(task: str) -> Response:
    return Response(status_code=204)


@execution.api_route("/{rest:path}", methods=["GET", "POST"])
def any_execution(rest: str) -> dict[str, str]:
    return {"reached": "execution api"}


@app.get("/slow")
async def slow(seconds: float) -> dict[str, float]:
    await asyncio.sleep(seconds)
    return {"slept": seconds}


@app.get("/ui/grid/lines")
async def lines(count: int = 10) -> StreamingResponse:
    async def each() -> AsyncIterator[str]:
        for number in range(count):
            yield json.dumps({"line": number}) + "\n"
            await asyncio.sleep(0.5)

    return StreamingResponse(each(), media_type="application/x-ndjson")


@app.post("/api/v2/variables")
async def write(request: Request) -> JSONResponse:
    line = (await request.body()) + b"\n"
    with open(STORE, "ab", buffering=0) as file:
        file.write(line)
    return JSONResponse({}, status_code=201)


@app.get("/api/v2/variables")
def read(variable_key_pattern: str, limit: int, offset: int) -> dict[str, list[dict[str, str]]]:
    entries = [json.loads(line) for line in STORE.read_text().splitlines()] if STORE.exists() else []
    mine = sorted((e for e in entries if e["key"].startswith(variable_key_pattern.rstrip("%"))), key=lambda e: e["key"])
    return {"variables": mine[offset : offset + limit]}


@app.get("/ui/auth/me")
def me(request: Request) -> Response:
    return Response(status_code=200 if request.cookies.get("_token") else 401)


@app.api_route("/{rest:path}", methods=["GET", "POST", "PUT"])
async def anything(rest: str, request: Request) -> dict[str, object]:
    """Answer with what was received."""
    body = await request.body()
    query = parse_qs(request.url.query)
    client = request.client.host if request.client else ""
    headers = dict(request.headers)
    return {"path": request.url.path, "query": query, "size": len(body), "client": client, "headers": headers}


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="warning",
        access_log=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=120,
    )
