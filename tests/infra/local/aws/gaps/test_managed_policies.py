from typing import Any

from tests.infra.local.aws.gaps.network import new_name

POLICY = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


def test_the_policies_that_aws_manages_can_be_attached(gap: Any) -> None:
    def probe(client: Any) -> Any:
        iam, name = client("iam"), new_name()
        iam.create_role(RoleName=name, AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
        iam.attach_role_policy(RoleName=name, PolicyArn=POLICY)
        found = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        return [policy["PolicyArn"] for policy in found]

    gap(probe, [POLICY])
