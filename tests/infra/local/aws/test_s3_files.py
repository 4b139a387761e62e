"""S3's objects outlive the process that serves them."""

import signal

import pytest

SERVE = """
import signal, sys, threading
from pathlib import Path
from infra.local.aws.server import AwsServer
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
server = AwsServer(Path(sys.argv[1]), "ap-northeast-2", int(sys.argv[2]))
server.start()
while not stop.wait(0.5): pass  # a thread that starts a process may take the signal, which then wakes nobody
server.stop()
"""
KEPT = [
    "plain.txt",
    "deep/down/in.bin",
    "with space+plus=equals:colon@at",
    "run_id=manual__2024-01-01T00:00:00+00:00/attempt=1.log",
    "question?mark&and#hash%percent",
    "%2e%2e/%2F",
    "é/한글.txt",
    ".hidden",
    "..almost/a..b/...",
]
# not paths of files below the bucket's folder, or not the only key of their path
NOT_KEPT = ["../outside", "a/../b", "double//slash", "folder/", "./here", "a/./b", "x" * 300]
BODY = bytes(range(256)) * 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("persistent")


@pytest.fixture(scope="module")
def restarted(folder, start_emulator):
    """Fill a bucket, end the emulator, start another on the same folder, and return S3 of both."""
    first, client = start_emulator("-c", SERVE, str(folder))
    s3 = client("s3")
    write(s3, folder)
    first.send_signal(signal.SIGTERM)
    assert first.wait(30) == 0
    return start_emulator("-c", SERVE, str(folder))[1]("s3")


def write(s3, folder):
    for bucket in ("objects", "versions"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    for key in [*KEPT, *NOT_KEPT, f"{folder}/absolute"]:
        s3.put_object(Bucket="objects", Key=key, Body=BODY + key.encode())
    s3.put_object(Bucket="objects", Key="report.html", Body=b"<p>", ContentType="text/html")
    s3.put_object(Bucket="objects", Key="changed", Body=b"first")
    s3.put_object(Bucket="objects", Key="changed", Body=b"second")
    s3.copy_object(Bucket="objects", Key="copied", CopySource={"Bucket": "objects", "Key": "changed"})
    upload_in_parts(s3, "parts")
    (folder / "s3" / "victim").write_text("not an object")
    for key in ("deleted", "deleted/below", "many/1", "many/2"):
        s3.put_object(Bucket="objects", Key=key, Body=b"x")
    delete(s3)
    change_versions(s3)


def upload_in_parts(s3, key):
    upload = {"Bucket": "objects", "Key": key}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(PartNumber=number, Body=body, **upload)["ETag"]}
        for number, body in enumerate((b"a" * 5 * 2**20, b"b"), 1)
    ]
    s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **upload)


def delete(s3):
    s3.delete_object(Bucket="objects", Key="deleted")
    s3.delete_objects(Bucket="objects", Delete={"Objects": [{"Key": "many/1"}, {"Key": "many/2"}]})
    for never_there in ("../victim", "deep", "deep/down", "plain.txt/below", "y" * 300):
        s3.delete_object(Bucket="objects", Key=never_there)


def change_versions(s3):
    for body in (b"first", b"second"):
        made = s3.put_object(Bucket="versions", Key="taken-back", Body=body)
        s3.put_object(Bucket="versions", Key="deleted", Body=body)
    s3.delete_object(Bucket="versions", Key="taken-back", VersionId=made["VersionId"])
    s3.delete_object(Bucket="versions", Key="deleted")


def read(s3, key, bucket="objects"):
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_objects_survive(restarted):
    for key in KEPT:
        assert read(restarted, key) == BODY + key.encode()


def test_nothing_else_is_there(restarted):
    keys = {entry["Key"] for entry in restarted.list_objects_v2(Bucket="objects")["Contents"]}
    assert keys == {*KEPT, "report.html", "changed", "copied", "parts"}


def test_the_last_body_survives(restarted):
    assert read(restarted, "changed") == read(restarted, "copied") == b"second"
    assert read(restarted, "parts") == b"a" * 5 * 2**20 + b"b"


def test_a_report_is_still_html(restarted):
    assert restarted.head_object(Bucket="objects", Key="report.html")["ContentType"] == "text/html"


def test_of_a_versioned_object_the_newest_version_survives(restarted):
    assert read(restarted, "taken-back", "versions") == b"first"
    keys = [entry["Key"] for entry in restarted.list_objects_v2(Bucket="versions")["Contents"]]
    assert keys == ["taken-back"]


@pytest.mark.usefixtures("restarted")
def test_nothing_is_written_or_deleted_outside_the_bucket(folder):
    assert {path.name for path in folder.iterdir()} <= {"s3", "tasks"}
    assert {path.name for path in (folder / "s3").iterdir()} == {"objects", "versions", "victim"}
    assert not list(folder.rglob("outside"))
