"""Where hosts and workers are: the subnets that they are started in, and their security groups."""

from dataclasses import dataclass

from tests.infra.closed_network.model import Model
from tests.infra.closed_network.roles import WORKERS

SETTINGS = "host/settings.env"
EXECUTOR = "AIRFLOW__AWS_ECS_EXECUTOR__"


@dataclass(frozen=True)
class Place:
    subnets: tuple[str, ...]
    groups: tuple[str, ...]


def place(model: Model, caller: str) -> Place:
    """Return where a caller is; a place without a subnet or a group is none."""
    found = _workers(model) if caller == WORKERS else _hosts(model)
    assert found.subnets, f"nobody says in which subnets the {caller} are"
    assert found.groups, f"nobody says which security group the {caller} have"
    return found


def zone(model: Model, subnet: str) -> str:
    found = model.by_id(subnet)
    return str(found.values["availability_zone"]) if found else f"{subnet}, which is not in this VPC"


def _hosts(model: Model) -> Place:
    template, group = model.one("aws_launch_template"), model.one("aws_autoscaling_group")
    cards = [name for card in template.list("network_interfaces") for name in card.get("security_groups") or []]
    return Place(tuple(group.list("vpc_zone_identifier")), (*cards, *template.list("vpc_security_group_ids")))


def _workers(model: Model) -> Place:
    """Return what the executor is told; before an apply, the outputs that say the same."""
    settings = _settings(model)
    if not settings:
        outputs = model.outputs
        return Place(tuple(outputs["private_subnets"].values()), (outputs["worker_security_group"],))
    subnets, groups = (tuple(settings[f"{EXECUTOR}{name}"].split(",")) for name in ("SUBNETS", "SECURITY_GROUPS"))
    return Place(subnets, groups)


def _settings(model: Model) -> dict[str, str]:
    texts = [file.values.get("content") or "" for file in model.of("aws_s3_object") if file.values["key"] == SETTINGS]
    lines = [line.partition("=") for text in texts for line in text.splitlines()]
    return {name: value for name, _, value in lines}
