"""The jobs that deploy and roll back, run by gitlab-ci-local from a clean clone, against sshd and an emulated AWS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ci.runner import ACCOUNTS, Project, cache
from tests.infra.terraform.account import REGION, emulated
from tests.scripts.ci.sshd import Sshd

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    """A host that only says what it was told; tests/deploy/proof/test_pipeline.py has one that deploys."""
    with Sshd.running(tmp_path / "sshd") as made:
        yield made


def test_the_jobs_of_a_deploy_and_of_the_way_back_reach_the_host(project: Project, sshd: Sshd, tmp_path: Path) -> None:
    with emulated(tmp_path) as account:
        bucket = "airflow-staging-deploy-123456789012"
        where = {"LocationConstraint": REGION}
        account.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        variables = {
            **ACCOUNTS,
            **sshd.variables,
            **{"AIRFLOW_PASSWORD": "not-a-secret", "AWS_ENDPOINT_URL": account.url, "UV_CACHE_DIR": cache()},
            # gitlab-ci-local gives no token; STS of the emulated AWS takes any
            **{"AWS_ID_TOKEN": "header.payload.signature", "IMAGE_DIGEST": DIGEST},
        }
        for job in ("deploy staging", "rollback staging"):
            result = project.run(job, **variables)
            assert result.returncode == 0, (result.stdout + result.stderr)[-6000:]
            assert f"PASS  {job}" in result.stdout
        stored = account.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [call.split()[0] for call in sshd.calls()] == ["deploy.sh", "rollback.sh"]
    assert DIGEST in sshd.calls()[0]
    assert "host/scripts/deploy.sh" in {entry["Key"] for entry in stored}
    # for GitLab, the address that it shows beside the environment
    assert (project.folder / "deploy.env").read_text() == "AIRFLOW_DOMAIN=airflow-staging.example.com\n"
