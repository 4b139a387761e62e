"""Where the state is kept: the bucket that infra/bootstrap makes, with a lock in it."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.terraform.account import REGION, Account, emulated
from tests.infra.terraform.conftest import VARIABLES
from tests.infra.terraform.terraform import BACKEND_OVERRIDE, Terraform

pytestmark = pytest.mark.apply

KEY = "airflow-test.tfstate"


@pytest.fixture(scope="module")
def own_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account of its own: the bucket cannot be destroyed."""
    with emulated(tmp_path_factory.mktemp("state")) as made:
        yield made


@pytest.fixture(scope="module")
def root(new_root: Any) -> Terraform:
    return new_root()  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def bootstrap(own_account: Account, root: Terraform) -> Terraform:
    made = Terraform(root.folder / "bootstrap")
    code, printed = made.init()
    assert code == 0, printed
    made.set("test", region=REGION, aws_endpoint_url=own_account.url)
    made.apply()
    return made


def told(bootstrap: Terraform, account: Account) -> list[str]:
    """Return the command that bootstrap prints, with what an emulated AWS needs besides."""
    command = shlex.split(bootstrap.outputs()["init"].replace("ENVIRONMENT", "test"))
    assert command[:2] == ["terraform", "init"]
    emulated = {"use_path_style": "true", "skip_credentials_validation": "true", "skip_requesting_account_id": "true"}
    named = [f"-backend-config={name}={value}" for name, value in emulated.items()]
    return [*command[2:], *named, f'-backend-config=endpoints={{s3="{account.url}"}}']


def test_a_second_plan_of_the_bootstrap_is_empty(bootstrap: Terraform) -> None:
    assert bootstrap.is_clean() == ""


def test_the_bucket_is_private_encrypted_and_keeps_older_states(bootstrap: Terraform, own_account: Account) -> None:
    s3, named = own_account.client("s3"), {"Bucket": bootstrap.outputs()["bucket"]}
    assert set(s3.get_public_access_block(**named)["PublicAccessBlockConfiguration"].values()) == {True}
    assert s3.get_bucket_versioning(**named)["Status"] == "Enabled"
    assert s3.get_bucket_encryption(**named)["ServerSideEncryptionConfiguration"]["Rules"]
    assert "aws:SecureTransport" in s3.get_bucket_policy(**named)["Policy"]


def test_the_state_is_in_the_bucket_and_locked_by_whoever_changes_it(
    bootstrap: Terraform, root: Terraform, own_account: Account
) -> None:
    (root.folder / BACKEND_OVERRIDE).unlink()
    code, printed = root.init(*told(bootstrap, own_account))
    assert code == 0, printed
    root.set("test", aws_endpoint_url=own_account.url, **VARIABLES)
    root.run("apply", "-auto-approve", "-target=aws_vpc.main")
    s3, bucket = own_account.client("s3"), bootstrap.outputs()["bucket"]
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [KEY]
    s3.put_object(Bucket=bucket, Key=f"{KEY}.tflock", Body=b"{}")
    code, printed = root.attempt("plan", "-target=aws_vpc.main")
    assert code == 1
    assert "Error acquiring the state lock" in printed


def test_no_state_is_left_beside_the_root(root: Terraform) -> None:
    assert list(Path(root.folder).glob("terraform.tfstate*")) == []
