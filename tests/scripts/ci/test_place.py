"""The names that pipelines use are those that infra/ gives."""

from pathlib import Path

import pytest

from scripts.ci.place import Place
from scripts.ci.stop import Stop

INFRA = Path(__file__).resolve().parents[3] / "infra"


@pytest.fixture
def staging() -> Place:
    return Place.read("staging")


def test_names(staging: Place) -> None:
    assert staging.url == "https://airflow-staging.example.com"
    assert staging.repository == "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/airflow-staging/airflow"
    assert staging.cache == "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/airflow-staging/cache:build"
    assert staging.deploy_bucket == "airflow-staging-deploy-123456789012"
    assert staging.role("ci-plan") == "arn:aws:iam::123456789012:role/airflow-staging-ci-plan"
    assert (staging.cluster, staging.host_name) == ("airflow-staging", "airflow-staging-host")
    assert staging.state == {
        "bucket": "airflow-terraform-state-123456789012",
        "key": "airflow-staging.tfstate",
        "region": "ap-northeast-2",
    }


def test_other_partitions() -> None:
    china = Place("production", "airflow", "cn-north-1", "123456789012", "airflow.example.com")
    assert china.repository.startswith("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/")
    assert china.role("ci-deploy").startswith("arn:aws-cn:iam::")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("locals.tf", 'prefix     = "${var.name}-${var.environment}"'),
        ("locals.tf", '"${local.prefix}-${key}-${local.account_id}"'),
        ("locals.tf", 'state_bucket = "${var.name}-terraform-state-${local.account_id}"'),
        ("locals.tf", 'host_name        = "${local.prefix}-host"'),
        ("ci_plan.tf", "${local.state_arn}/${local.prefix}.tfstate"),
        ("ci_roles.tf", '"${local.prefix}-ci-deploy"'),
        ("ci_roles.tf", '"${local.prefix}-ci-plan"'),
        ("registry.tf", '"${local.prefix}/airflow"'),
        ("registry.tf", '"${local.prefix}/cache"'),
        ("ecs.tf", "name = local.prefix"),
    ],
)
def test_infra_makes_them_so(file: str, text: str) -> None:
    assert text in (INFRA / file).read_text()


def test_an_environment_that_is_not_there() -> None:
    with pytest.raises(Stop, match=r"there is no infra/env/qa\.tfvars: there are production, staging"):
        Place.read("qa")


def test_an_account_that_is_not_set() -> None:
    with pytest.raises(Stop, match="STAGING_ACCOUNT is not set: the AWS account of staging"):
        Place.read("staging", {})
