"""What fargate.releases does, with the database's address from Secrets Manager, and the tag in the registry."""

import io
import json
import sys
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from fargate import settings
from fargate.deploy import secret_values
from fargate.deploy.failure import UNREACHABLE, Failure


def blocked(wait: str | None = None, imports_only: bool = False) -> None:
    """Say what of this release would break what runs; it fails when there is any.

    :param wait: look again for so many seconds
    :param imports_only: a database without tables has nothing to break; that DAGs can be imported is asked all the same
    """
    _releases("blocked", *(["--wait", wait] if wait else []), *(["--imports-only"] if imports_only else []))


def publish(image: str, revision: str) -> None:
    """Archive the code, register the worker's task definition, and have ECR keep the image."""
    _releases("archive")
    _releases("register", "--image", image, "--revision", revision)
    repository, _, digest = image.partition("@")
    registry, _, name = repository.partition("/")
    if ".dkr.ecr." in registry:  # another registry expires nothing by tags
        tag(name, digest, f"deployed-{settings.release()}")


def serve() -> None:
    """Write down that this release serves."""
    _releases("serve")


def tag(repository: str, digest: str, name: str) -> None:
    """Give an image a tag, since ECR knows by nothing else what was deployed."""
    ecr: Any = secret_values.client("ecr")
    try:
        found = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])["images"]
        manifest = {"imageManifest": found[0]["imageManifest"], "imageTag": name}
        ecr.put_image(repositoryName=repository, imageDigest=digest, **manifest)
    except ecr.exceptions.ImageAlreadyExistsException:
        return  # it was deployed before
    except (BotoCoreError, ClientError, IndexError) as error:
        raise Failure(UNREACHABLE, f"no tag {name} for {repository}@{digest} in ECR: {error}") from None


def _releases(*arguments: str) -> None:
    """Run a command of fargate.releases; what it has to say when it fails goes to standard error."""
    secret_values.export()
    from fargate.releases.__main__ import main

    said = io.StringIO()
    code = main(list(arguments), said)
    for line in said.getvalue().splitlines() if code else ():
        print(f"error: {json.loads(line).get('text', line)}", file=sys.stderr)
    if code:
        sys.exit(code)
