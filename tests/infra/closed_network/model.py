"""What Terraform makes, read from the JSON of a state or of a plan.

https://developer.hashicorp.com/terraform/internals/json-format
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

# how a reference begins: aws_lb.public[0].arn, data.aws_iam_policy_document.host.json
ADDRESS = re.compile(r"^((?:data\.)?aws_\w+\.\w+)")


@dataclass(frozen=True)
class Resource:
    """An instance of a resource or of a data source. ``references`` is what each attribute is made of."""

    address: str
    type: str
    block: str
    key: str | int | None
    values: Mapping[str, Any]
    references: Mapping[str, list[str]]

    def list(self, attribute: str) -> list[Any]:
        return list(self.values.get(attribute) or [])


class Model:
    """All resources. It is never changed: what would be different is another model."""

    def __init__(self, resources: Iterable[Resource], outputs: Mapping[str, Any]) -> None:
        self.resources = tuple(resources)
        self.outputs = outputs
        self._by_id = {resource.values.get("id"): resource for resource in self.resources}

    def of(self, *types: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type in types]

    def one(self, type: str) -> Resource:
        [resource] = self.of(type)
        return resource

    def by_id(self, id: str) -> Resource | None:
        return self._by_id.get(id)

    def referred(self, resource: Resource, attribute: str) -> list[Resource]:
        """Return what an attribute refers to: the instance of the same key where there is one, else all of them."""
        names = {match[1] for text in resource.references.get(attribute, []) if (match := ADDRESS.match(text))}
        found = [other for other in self.resources if other.block in names]
        same = [other for other in found if other.key == resource.key]
        return same or found

    def without(self, *addresses: str) -> "Model":
        """Return this model without some resources, which have to be there."""
        assert set(addresses) <= {resource.address for resource in self.resources}, addresses
        return Model([resource for resource in self.resources if resource.address not in addresses], self.outputs)

    def altered(self, address: str, **values: Any) -> "Model":
        """Return this model with other attributes of one resource, which has to be there."""
        [old] = [resource for resource in self.resources if resource.address == address]
        new = replace(old, values={**old.values, **values})
        return Model([new if resource is old else resource for resource in self.resources], self.outputs)

    @property
    def region(self) -> str:
        """The region, which the name of each endpoint holds."""
        [region] = {endpoint.values["service_name"].split(".")[2] for endpoint in self.of("aws_vpc_endpoint")}
        return str(region)

    @property
    def account(self) -> str:
        return str(self.one("aws_caller_identity").values["account_id"])


def read(document: Mapping[str, Any]) -> Model:
    """Read what `terraform show -json` prints, of a state or of a plan."""
    planned = document.get("planned_values", document.get("values"))
    assert planned, "this is neither a state nor a plan of something"
    # what a plan has read already it tells beside what it would make
    before = [entry for entry in _flat(document.get("prior_state", {}).get("values", {})) if entry["mode"] == "data"]
    found = {entry["address"]: entry for entry in (*before, *_flat(planned))}
    configured = _flat(document.get("configuration", {}))
    references = {block["address"]: _references(block) for block in configured}
    resources = [_resource(entry, references) for entry in found.values()]
    return Model(resources, {name: output.get("value") for name, output in planned.get("outputs", {}).items()})


def _flat(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    module = values.get("root_module", {})
    assert not {"child_modules", "module_calls"} & set(module), "this root has modules, which are not read here"
    return list(module.get("resources", []))


def _references(block: Mapping[str, Any]) -> dict[str, list[str]]:
    arguments = block.get("expressions", {}).items()
    return {name: value["references"] for name, value in arguments if isinstance(value, dict) and "references" in value}


def _resource(entry: Mapping[str, Any], references: Mapping[str, dict[str, list[str]]]) -> Resource:
    block = f"{'data.' if entry['mode'] == 'data' else ''}{entry['type']}.{entry['name']}"
    return Resource(
        address=entry["address"],
        type=entry["type"],
        block=block,
        key=entry.get("index"),
        values=entry.get("values") or {},  # of some nothing is known before they are made
        references=references.get(block, {}),
    )
