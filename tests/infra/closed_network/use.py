"""A use of an AWS service: the name that the service's endpoint has, and the place where the use is written."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session

# com.amazonaws.REGION.NAME where NAME is not what the service's address begins with:
# https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
IRREGULAR = {"firehose": "kinesis-firehose", "kinesis": "kinesis-streams"}
COMMANDS = {"s3api": "s3"}  # what `aws` calls otherwise than boto3
NO_SERVICE = {"configure", "help"}  # commands of `aws` that stay on the machine

S3 = "s3"
INTERNET = "the internet"
UNKNOWN = "?"

# AWS's buckets, which are read without this account's credentials
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
LAYERS = "prod-{region}-starport-layer-bucket"
# /etc/yum.repos.d/amazonlinux.repo of Amazon Linux 2023
PACKAGES = "al2023-repos-{region}-de612dc2"


@dataclass(frozen=True, order=True)
class Use:
    """``bucket`` is one of AWS's own, for objects that are read from it."""

    service: str
    where: str
    bucket: str = ""


def by_client(name: str, where: str) -> Use:
    """Return the use of a service by boto3's name of it; ecr is reached as ecr.api."""
    if not is_client(name):
        return Use(UNKNOWN, where)
    prefix = _address(name)
    return Use(IRREGULAR.get(prefix, ".".join(reversed(prefix.split(".")))), where)


def by_permission(prefix: str, where: str) -> Use:
    """Return the use of a service by its name in policies, which is boto3's or else the endpoint's."""
    if "*" in prefix:
        return Use(UNKNOWN, where)
    return by_client(prefix, where) if is_client(prefix) else Use(prefix, where)


def by_command(word: str, where: str) -> list[Use]:
    """Return the use of a service by what follows `aws` on a command line."""
    return [] if word in NO_SERVICE else [by_client(COMMANDS.get(word, word), where)]


def of_image(where: str) -> list[Use]:
    """Return what it takes to pull an image from ECR: the login, the manifest, and the layers."""
    return [Use("ecr.api", where), Use("ecr.dkr", where), Use(S3, where, LAYERS)]


def of_packages(where: str) -> list[Use]:
    """Return what it takes to install packages of Amazon Linux."""
    return [Use(S3, where, PACKAGES)]


def of_download(where: str) -> list[Use]:
    return [Use(INTERNET, where)]


def is_client(name: str) -> bool:
    return name in _clients()


@cache
def _loader() -> Any:
    return botocore.session.get_session().get_component("data_loader")


@cache
def _clients() -> frozenset[str]:
    return frozenset(_loader().list_available_services("service-2"))


@cache
def _address(client: str) -> str:
    """Return how the address of a service begins, without the region: api.ecr."""
    return str(_loader().load_service_model(client, "service-2")["metadata"]["endpointPrefix"])
