"""The AWS account that is asked. Nothing here or in the checks changes it."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# where an account of each partition can be asked although the wanted region is not enabled
HOME = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 4, "mode": "standard"})
ABSENT = ("404", "NoSuch", "NotFound", "DoesNotExist")


class Account:
    def __init__(self, region: str, endpoint_url: str | None = None) -> None:
        self.region, self._endpoint_url = region, endpoint_url
        self.number = ""  # known when the credentials were checked
        self._session = boto3.Session()
        self.client = cache(self._client)

    @property
    def home(self) -> str:
        return HOME.get(_partition(self.region), self.region)

    def _client(self, service: str, region: str = "") -> Any:
        make: Any = self._session.client
        return make(service, region_name=region or self.region, endpoint_url=self._endpoint_url, config=CONFIG)

    def all(self, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
        """Return what all pages of an answer have under a key."""
        pages = self.client(service).get_paginator(operation).paginate(**arguments)
        return [each for page in pages for each in page.get(key) or []]


def _partition(region: str) -> str:
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"


def absent(error: ClientError) -> bool:
    """Tell whether AWS says that there is no such thing."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return any(part in code for part in ABSENT)


def told(error: Exception) -> str:
    """Return what AWS or botocore says, in one line of a legible length."""
    return " ".join(str(error).split())[:200]


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
