"""The worker's task definition of a release, from the template that Terraform registers."""

from typing import Any

from fargate.releases import definition
from tests.plugins.fargate.releases.conftest import CONTAINER, FAMILY, A, B

IMAGE = "1.dkr.ecr.r.amazonaws.com/airflow/airflow@sha256:" + "0a" * 32
TEMPLATE = {
    **{"taskDefinitionArn": "arn:…:1", "family": f"{FAMILY}-template", "revision": 1, "status": "ACTIVE"},
    **{"compatibilities": ["EC2", "FARGATE"], "registeredAt": "today", "requiresAttributes": [{"name": "x"}]},
    **{"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512"},
    **{"executionRoleArn": "arn:aws:iam::1:role/e", "taskRoleArn": "arn:aws:iam::1:role/t"},
    **{"volumes": [{"name": "scratch"}], "placementConstraints": [], "containerDefinitions": [CONTAINER]},
}


def active(ecs: Any) -> list[str]:
    arns: list[str] = ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    return sorted(arn.rpartition("/")[2] for arn in arns)


def test_it_is_the_template_with_the_image_and_the_release() -> None:
    assert definition.build(TEMPLATE, FAMILY, IMAGE, A) == {
        **{"family": FAMILY, "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc"},
        **{"cpu": "256", "memory": "512", "volumes": [{"name": "scratch"}]},
        **{"executionRoleArn": "arn:aws:iam::1:role/e", "taskRoleArn": "arn:aws:iam::1:role/t"},
        "containerDefinitions": [
            {
                **CONTAINER,
                "image": IMAGE,
                "environment": [
                    {"name": "LAKE_BUCKET", "value": "lake"},
                    {"name": "FARGATE_RELEASE", "value": A},
                ],
            }
        ],
    }
    assert CONTAINER["image"] == "ecr/airflow@sha256:old"


def test_what_was_built_is_what_ecs_takes(ecs: Any) -> None:
    from botocore.validate import ParamValidator

    shape = ecs.meta.service_model.operation_model("RegisterTaskDefinition").input_shape
    assert set(definition.OF_A_DEFINITION) < set(shape.members)
    report = ParamValidator().validate(definition.build(TEMPLATE, FAMILY, IMAGE, A), shape)
    assert not report.has_errors(), report.generate_report()


def test_a_release_is_registered_once(ecs: Any) -> None:
    first, registered = definition.register(IMAGE, A)
    assert registered
    other, _ = definition.register(IMAGE, B)
    assert other != first
    assert definition.register(IMAGE, A) == (first, False)
    assert active(ecs) == [f"{FAMILY}-template:1", f"{FAMILY}:1", f"{FAMILY}:2"]


def test_it_is_removed_however_far_that_got_before(ecs: Any) -> None:
    arn, _ = definition.register(IMAGE, A)
    ecs.deregister_task_definition(taskDefinition=arn)
    definition.remove(arn)
    definition.remove(arn)
    definition.remove(arn.replace(":1", ":77"))
    assert active(ecs) == [f"{FAMILY}-template:1"]
