"""The AWS role of a job, which it gets for the token that GitLab signed for it (id_tokens in .gitlab-ci.yml).

boto3, the AWS CLI and Terraform all read the variables that are set here, and call AssumeRoleWithWebIdentity
themselves. No key is kept anywhere.
"""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

TOKEN = "AWS_ID_TOKEN"
# each of these would be used before the token
STRONGER = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")
NOT_IN_A_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)


@contextmanager
def role(arn: str, region: str) -> Iterator[None]:
    """Be this role within the block. Where no token is, as on a laptop, the credentials of the environment stay."""
    before = dict(os.environ)
    os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"] = region
    try:
        if token := before.get(TOKEN):
            with tempfile.TemporaryDirectory(prefix="identity-") as folder:
                file = Path(folder, "token")
                file.touch(0o600)
                file.write_text(token)
                _become(variables(arn, file, before))
                yield
        else:
            print(f"==> no {TOKEN}: the AWS credentials of this environment are used, not {arn}", flush=True)
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def variables(arn: str, file: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return what AWS's clients read. The name of the session is in CloudTrail: it names the job."""
    name = f"gitlab-{environment.get('CI_PROJECT_PATH_SLUG', '')[:30]}-{environment.get('CI_JOB_ID', 'local')}"
    return {
        "AWS_ROLE_ARN": arn,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        "AWS_ROLE_SESSION_NAME": NOT_IN_A_NAME.sub("-", name)[:64],
    }


def _become(values: Mapping[str, str]) -> None:
    for name in STRONGER:
        os.environ.pop(name, None)
    os.environ.update(values)
