"""The lake: what is read, what is written, and what is left alone."""

import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError

from pipelines.lake import Lake


def test_an_absent_object_reads_as_none(lake: Lake) -> None:
    assert lake.read("no/such.json") is None
    assert lake.read_json("no/such.json") is None
    assert lake.read_json("no/such.json", {"is": "default"}) == {"is": "default"}


def test_json_is_read_as_it_was_written(lake: Lake) -> None:
    lake.write("a.json", b'{"rows": 3}')
    assert lake.read("a.json") == b'{"rows": 3}'
    assert lake.read_json("a.json", "default") == {"rows": 3}


def test_the_same_bytes_are_not_written_again(lake: Lake, versions: Any) -> None:
    assert [lake.write("a", b"one"), lake.write("a", b"one"), lake.write("a", b"two")] == [True, False, True]
    assert versions("a") == {"a": 2}


@pytest.mark.parametrize(
    ("key", "kind"),
    [("r.html", "text/html"), ("s.json", "application/json"), ("data_0.parquet", "binary/octet-stream")],
)
def test_a_browser_is_told_what_an_object_is(lake: Lake, s3: Any, key: str, kind: str) -> None:
    lake.write(key, b"x")
    assert s3.head_object(Bucket="lake", Key=key)["ContentType"] == kind


def test_find_returns_the_etags_of_a_prefix_only(lake: Lake) -> None:
    lake.write("raw/a", b"one")
    lake.write("rawer/b", b"two")
    assert lake.find("raw/") == {"raw/a": "f97c5d29941bfb1b2fdab0874906ab82"}
    assert lake.find("nothing/") == {}


def test_find_turns_pages(lake: Lake) -> None:
    for name in "abcde":
        lake.write(f"many/{name}", b"")
    with patch.dict(os.environ, MOTO_S3_DEFAULT_MAX_KEYS="2"):  # a thousand at AWS
        assert list(lake.find("many/")) == ["many/a", "many/b", "many/c", "many/d", "many/e"]


def test_objects_are_downloaded_below_their_keys(lake: Lake, tmp_path: Path) -> None:
    lake.write("a/b.csv", b"1")
    lake.write("a/c/d.csv", b"2")
    paths = lake.download(["a/c/d.csv", "a/b.csv"], tmp_path)
    assert paths == [tmp_path / "a/c/d.csv", tmp_path / "a/b.csv"]
    assert [path.read_bytes() for path in paths] == [b"2", b"1"]


def test_the_download_of_an_absent_object_names_it(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"^s3://lake/raw/x.csv is not there$"):
        lake.download(["raw/x.csv"], tmp_path)


def test_upload_tells_for_each_file_whether_it_changed(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "deep" / "b").write_bytes(b"2")
    assert list(lake.upload(tmp_path, "out/")) == [True, True]
    (tmp_path / "deep" / "b").write_bytes(b"3")
    assert list(lake.upload(tmp_path, "out/")) == [False, True]
    assert lake.read("out/deep/b") == b"3"


def test_other_errors_of_aws_are_not_taken_for_absence(s3: Any) -> None:
    lake = Lake("nobodys-bucket")
    for failing in (lambda: lake.read("a"), lambda: lake.find("")):
        with pytest.raises(ClientError, match="NoSuchBucket"):
            failing()


def test_the_url_names_bucket_and_key(lake: Lake) -> None:
    assert lake.url("reports/x.html") == "s3://lake/reports/x.html"
