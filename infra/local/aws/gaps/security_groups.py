"""Security-group rules: one that names a group or a prefix list has a description too.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
"""

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule


def close() -> None:
    create = SecurityGroupRule.__init__

    def with_prefix_list(rule: SecurityGroupRule, *args: Any, **kwargs: Any) -> None:
        create(rule, *args, **kwargs)
        prefix_list = kwargs.get("prefix_list_id") or (args[7] if len(args) > 7 else None)
        if prefix_list:
            # where moto keeps a description that ModifySecurityGroupRules changes
            rule.ip_range = {"Description": prefix_list["Description"]} if "Description" in prefix_list else {}

    SecurityGroupRule.__init__ = with_prefix_list
    SecurityGroupRule.description = property(_description)


def _description(rule: SecurityGroupRule) -> str | None:
    found: str | None = rule.ip_range.get("Description") or rule.source_group.get("Description")
    return found
