"""What happens after the first apply: nothing by itself, nothing by a deploy, and what a variable changes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.terraform.account import REGION, Account
from tests.infra.terraform.certificate import self_signed
from tests.infra.terraform.conftest import VARIABLES
from tests.infra.terraform.terraform import Terraform, changes

pytestmark = pytest.mark.apply

ZONES = (f"{REGION}a", f"{REGION}b")
ONLY_DESCRIBED = (
    *("taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities"),
    *("registeredAt", "registeredBy", "deregisteredAt"),
)
# with several hosts the name is a load balancer's, and nobody has to write its record
TWO_HOSTS = {
    "aws_autoscaling_group.hosts": "update",
    # HOSTS, for each deploy's count of the database's connections, and TRUSTED_PROXIES
    "aws_s3_object.host_settings": "update",
    **dict.fromkeys(
        [
            "aws_lb.internal[0]",
            "aws_lb_listener.internal[0]",
            "aws_lb_listener_rule.execution_api[0]",
            "aws_lb_listener_rule.internal_no_execution_api[0]",
            "aws_lb_target_group.internal_execution[0]",
            "aws_lb_target_group.internal_ui[0]",
            "aws_route53_record.execution_api[0]",
            "aws_security_group.internal_lb[0]",
            *(
                f'aws_vpc_security_group_{direction}_rule.between["{connection}"]'
                for direction in ("egress", "ingress")
                for connection in ("hosts_to_internal_lb", "internal_lb_to_hosts", "workers_to_internal_lb")
            ),
        ],
        "create",
    ),
    **dict.fromkeys(
        [
            "aws_cloudwatch_event_rule.every_minute[0]",
            "aws_cloudwatch_event_rule.hosts_changed[0]",
            'aws_cloudwatch_event_target.execution_api_record["every_minute"]',
            'aws_cloudwatch_event_target.execution_api_record["hosts_changed"]',
            "aws_cloudwatch_log_group.execution_api_record[0]",
            "aws_cloudwatch_metric_alarm.execution_api_record[0]",
            "aws_iam_role.execution_api_events[0]",
            "aws_iam_role.execution_api_record[0]",
            "aws_iam_role_policy.execution_api_events[0]",
            "aws_iam_role_policy.execution_api_record[0]",
            "aws_sfn_state_machine.execution_api_record[0]",
        ],
        "delete",
    ),
}

PEOPLE = "203.0.113.0/24"
# besides what one host has
PUBLIC_UI = {
    "aws_autoscaling_group.hosts": "update",
    # TRUSTED_PROXIES: nginx believes this load balancer
    "aws_s3_object.host_settings": "update",
    **dict.fromkeys(
        [
            "aws_lb.public[0]",
            "aws_lb_listener.public[0]",
            "aws_lb_listener_rule.public_no_execution_api[0]",
            "aws_lb_target_group.public_ui[0]",
            "aws_security_group.public_lb[0]",
            f'aws_vpc_security_group_ingress_rule.ui["{PEOPLE}"]',
            'aws_vpc_security_group_egress_rule.between["public_lb_to_hosts"]',
            'aws_vpc_security_group_ingress_rule.between["public_lb_to_hosts"]',
        ],
        "create",
    ),
}


@pytest.fixture(scope="module")
def certificate(account: Account) -> Iterator[str]:
    """A certificate in ACM, which is there before the root is applied."""
    acm = account.client("acm")
    pem, key = self_signed(str(VARIABLES["domain_name"]))
    arn = acm.import_certificate(Certificate=pem, PrivateKey=key)["CertificateArn"]
    yield arn
    acm.delete_certificate(CertificateArn=arn)


def nat(gateways: tuple[str, ...]) -> dict[str, str]:
    return dict.fromkeys(
        [
            "aws_cloudwatch_metric_alarm.nat_bytes[0]",
            *(f'aws_{kind}["{zone}"]' for kind in ("eip.nat", "nat_gateway.main") for zone in gateways),
            *(f'aws_route.private_nat["{zone}"]' for zone in ZONES),
            *(f'aws_vpc_security_group_egress_rule.internet["{name}"]' for name in ("hosts", "workers")),
        ],
        "create",
    )


def test_a_second_plan_is_empty(deployed: Terraform) -> None:
    assert deployed.is_clean() == ""


def test_a_deploy_s_task_definition_is_no_change(
    deployed: Terraform, account: Account, outputs: dict[str, Any]
) -> None:
    ecs = account.client("ecs")
    template = ecs.describe_task_definition(taskDefinition=outputs["worker_template_family"])["taskDefinition"]
    definition = {name: value for name, value in template.items() if name not in ONLY_DESCRIBED}
    container = definition["containerDefinitions"][0]
    container["image"] = f"{outputs['repository_urls']['airflow']}@sha256:{'1' * 64}"
    released = ecs.register_task_definition(**{**definition, "family": outputs["worker_family"]})["taskDefinition"]
    assert released["family"] != template["family"]
    assert deployed.is_clean() == ""
    ecs.deregister_task_definition(taskDefinition=released["taskDefinitionArn"])


@pytest.mark.parametrize(("mode", "gateways"), [("single", ZONES[:1]), ("per_az", ZONES)])
def test_a_nat_gateway_brings_its_routes_and_its_alarm(
    deployed: Terraform, mode: str, gateways: tuple[str, ...]
) -> None:
    assert changes(deployed.plan("-refresh=false", f"-var=nat_mode={mode}")) == nat(gateways)


def test_a_public_ui_brings_a_load_balancer_and_no_change_of_the_network(deployed: Terraform, certificate: str) -> None:
    public = ["-var=ui_access=public", f'-var=ui_networks=["{PEOPLE}"]', f"-var=certificate_arn={certificate}"]
    assert changes(deployed.plan("-refresh=false", *public)) == PUBLIC_UI


def test_a_second_host_changes_only_what_must_change(deployed: Terraform, certificate: str, account: Account) -> None:
    variables = {**VARIABLES, "host_count": 2, "certificate_arn": certificate}
    deployed.set("test", aws_endpoint_url=account.url, **variables)
    assert changes(deployed.plan("-refresh=false")) == TWO_HOSTS
    deployed.run("apply", "planned")
    assert deployed.is_clean() == ""


def test_the_name_is_the_load_balancer_s_then(account: Account) -> None:
    [zone] = account.all("route53", "list_hosted_zones", "HostedZones")
    records = account.all("route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"])
    [record] = [record for record in records if record["Type"] == "A"]
    [balancer] = account.all("elbv2", "describe_load_balancers", "LoadBalancers")
    assert balancer["Scheme"] == "internal"
    assert record["AliasTarget"]["DNSName"].rstrip(".") == balancer["DNSName"].lower()


def test_both_hosts_are_behind_the_load_balancer(account: Account, outputs: dict[str, Any]) -> None:
    named = {"AutoScalingGroupNames": [outputs["hosts"]["group"]]}
    [group] = account.client("autoscaling").describe_auto_scaling_groups(**named)["AutoScalingGroups"]
    assert len(group["Instances"]) == 2
    targets = account.all("elbv2", "describe_target_groups", "TargetGroups")
    assert set(group["TargetGroupARNs"]) == {target["TargetGroupArn"] for target in targets}
    assert {target["HealthCheckPath"] for target in targets} == {"/api/v2/version", "/execution/health"}
