"""Airflow's REST API through the official client, with errors that a person can act on."""

import json
import sys
from collections.abc import Callable
from enum import IntEnum
from typing import Any, TypeVar
from urllib.request import getproxies

import urllib3
from airflow_client.client import ApiClient, Configuration
from airflow_client.client.exceptions import ApiException, UnauthorizedException

T = TypeVar("T")
PAGE = 100  # the most that the API gives at once
LOOPBACK = "localhost,127.0.0.0/8,::1"  # never behind a proxy, whatever NO_PROXY says or forgets
ANSWER_S = 60.0  # a server that says nothing for so long is away
CONNECTION_RETRIES = urllib3.Retry(connect=2, read=2, backoff_factor=0.5)


class Exit(IntEnum):
    """The exit codes of the scripts that use the API."""

    SUCCESS = 0
    RUN_FAILED = 1
    USAGE = 2
    TIMEOUT = 3
    UNKNOWN_DAG = 4
    PAUSED = 5
    INVALID_CONF = 6
    UNREACHABLE = 7
    LOGIN = 8
    CONFLICT = 9
    API = 10


class Problem(Exception):
    """One line for the user, and the exit code that goes with it."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code = code


class Airflow:
    """A logged-in session. The token is renewed when the server no longer takes it."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.url = url.rstrip("/")
        self._credentials = {"username": username, "password": password}
        no_proxy = f"{LOOPBACK},{getproxies().get('no', '')}"
        self._configuration = Configuration(host=self.url, retries=CONNECTION_RETRIES, no_proxy=no_proxy)
        self.client = ApiClient(self._configuration)
        self._login()

    def call(self, function: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Call a function of the client; an expired token is renewed once."""
        try:
            return self._guarded(function, *arguments, **options)
        except UnauthorizedException:
            self._login()
        try:
            return self._guarded(function, *arguments, **options)
        except UnauthorizedException:
            raise Problem(Exit.LOGIN, f"{self.url} does not take its own token") from None

    def all(self, function: Callable[..., Any], field: str, *arguments: Any, **options: Any) -> list[Any]:
        """Call a list function until it has no further page; return what stands in ``field``."""
        found: list[Any] = []
        while True:
            page = self.call(function, *arguments, limit=PAGE, offset=len(found), **options)
            found += getattr(page, field)
            if len(found) >= page.total_entries or not getattr(page, field):
                return found

    def _login(self) -> None:
        headers = {"Content-Type": "application/json"}
        body = json.dumps(self._credentials)
        try:
            pool = self.client.rest_client.pool_manager  # the way that the calls take, by a proxy or not
            answer = pool.request("POST", f"{self.url}/auth/token", headers=headers, body=body, timeout=ANSWER_S)
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error) from None
        if answer.status in (401, 403, 422):
            name = self._credentials["username"]
            raise Problem(Exit.LOGIN, f"{self.url} refuses the user {name!r} with this password")
        if answer.status != 201:
            raise Problem(Exit.API, f"{self.url}/auth/token answered {answer.status}: is this an Airflow 3 api-server?")
        self._configuration.access_token = answer.json()["access_token"]

    def _guarded(self, function: Callable[..., T], *arguments: Any, **options: Any) -> T:
        try:
            return function(*arguments, _request_timeout=ANSWER_S, **options)
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> Problem:
        reason = getattr(error, "reason", None) or error
        return Problem(Exit.UNREACHABLE, f"{self.url} cannot be reached: {reason}. Does the api-server run there?")


def tell(error: Problem | ApiException) -> Exit:
    """Print an error to stderr; return the exit code that goes with it."""
    if isinstance(error, Problem):
        code, message = error.code, str(error)
    else:
        code, message = Exit.API, f"the server answered {error.status}: {detail(error)}"
    print(f"error: {message}", file=sys.stderr)
    return code


def detail(error: ApiException) -> str:
    """Return what the server said of a refused request, in a line."""
    try:
        said = json.loads(error.body or "")["detail"]
    except (ValueError, KeyError, TypeError):
        said = error.body or error.reason
    text = said if isinstance(said, str) else json.dumps(said)
    return text.partition("\n")[0]  # what follows is the schema, again
