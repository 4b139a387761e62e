"""Launch templates: the template's own tags are not a part of what it launches."""

from typing import Any

from moto.ec2.models.launch_templates import LaunchTemplateVersion

OWN = "launch-template"


def close() -> None:
    create = LaunchTemplateVersion.__init__

    def without_own_tags(version: Any, template: Any, number: int, data: dict[str, Any], *rest: Any) -> None:
        create(version, template, number, _without_own_tags(data), *rest)

    LaunchTemplateVersion.__init__ = without_own_tags


def _without_own_tags(data: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html, TagSpecification.N"""
    if "TagSpecifications" not in data:
        return data
    kept = [tags for tags in data["TagSpecifications"] if tags.get("ResourceType") != OWN]
    return {**data, "TagSpecifications": kept}
