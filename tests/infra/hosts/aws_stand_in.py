"""S3, CloudWatch and a host's metadata service, under AWS's own names and addresses.

python -m tests.infra.hosts.aws_stand_in FOLDER REGION, in the namespace that has their addresses.
FOLDER/buckets/BUCKET/KEY are the objects to begin with, FOLDER/certificate.pem and key.pem are
for TLS. FOLDER/requests.log gets a line for each request.
"""

import json
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from moto.s3.models import get_canned_acl, s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.infra.hosts.network import AWS, METADATA

ACCOUNT = "123456789012"
CREDENTIALS = {
    **{"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z"},
    **{"AccessKeyId": "ASIAHOST", "SecretAccessKey": "secret", "Token": "token", "Expiration": "2036-01-01T00:00:00Z"},
}
ROLES = "/latest/meta-data/iam/security-credentials/"
Application = Callable[[Any, Any], Iterable[bytes]]


def main(folder: Path, region: str) -> None:
    for bucket in sorted((folder / "buckets").iterdir()):
        fill(bucket, region)
    log = partial(logged, log=folder / "requests.log")
    tls = (str(folder / "certificate.pem"), str(folder / "key.pem"))
    servers = [
        make_server(AWS, 443, log(DomainDispatcherApplication(create_backend_app)), threaded=True, ssl_context=tls),
        make_server(METADATA, 80, log(metadata), threaded=True),
    ]
    for server in servers:
        threading.Thread(target=server.serve_forever).start()
    print("ready", flush=True)


def fill(folder: Path, region: str) -> None:
    backend = s3_backends[ACCOUNT]["aws"]
    backend.create_bucket(folder.name, region)
    for path in filter(Path.is_file, folder.rglob("*")):
        key = str(path.relative_to(folder))
        backend.put_object(folder.name, key, path.read_bytes())
        if folder.name.startswith("al2023-repos-"):  # everybody may read packages
            backend.put_object_acl(folder.name, key, get_canned_acl("public-read"))


def logged(application: Application, log: Path) -> Application:
    """Write down who was asked for what."""

    def wrapper(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        with log.open("a") as file:
            file.write(f"{request.method} {request.host} {request.full_path.rstrip('?')}\n")
        return application(environ, start_response)

    return wrapper


@Request.application
def metadata(request: Request) -> Response:
    """Answer as a host's metadata service that takes version 2 alone."""
    if request.method == "PUT" and request.path == "/latest/api/token":
        return Response("session", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"})
    if request.headers.get("X-aws-ec2-metadata-token") != "session":
        return Response(status=401)
    if request.path == ROLES:
        return Response("host")
    if request.path == f"{ROLES}host":
        return Response(json.dumps(CREDENTIALS), content_type="application/json")
    return Response(status=404)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
