from typing import Any

from tests.infra.local.aws.gaps.network import new_name

TAGS = [{"Key": "Name", "Value": "host"}]


def specified(client: Any, *resources: str) -> list[str]:
    """Make a template that tags these resources, and itself; return what its first version says it tags."""
    ec2 = client("ec2")
    made = ec2.create_launch_template(
        LaunchTemplateName=new_name(),
        LaunchTemplateData={"TagSpecifications": [{"ResourceType": name, "Tags": TAGS} for name in resources]},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": TAGS}],
    )["LaunchTemplate"]
    assert made["Tags"] == TAGS
    [version] = ec2.describe_launch_template_versions(LaunchTemplateId=made["LaunchTemplateId"])[
        "LaunchTemplateVersions"
    ]
    return [tags["ResourceType"] for tags in version["LaunchTemplateData"].get("TagSpecifications", [])]


def test_a_template_s_own_tags_are_not_of_what_it_launches(gap: Any) -> None:
    gap(lambda client: specified(client, "instance", "volume"), ["instance", "volume"])


def test_a_template_that_tags_nothing(gap: Any) -> None:
    gap(specified, [])
