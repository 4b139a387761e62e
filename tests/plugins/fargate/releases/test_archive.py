"""The code of a release, on its way to S3 and back."""

import os
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from fargate.releases import archive
from tests.plugins.fargate.releases.conftest import BUCKET, A

Code = Callable[[str], tuple[Path, Path]]


def names(made: bytes) -> list[str]:
    with tarfile.open(fileobj=BytesIO(made)) as tar:
        return tar.getnames()


def test_it_has_dags_and_plugins_and_no_bytecode(code: Code) -> None:
    dags, plugins = code("A")
    (plugins / "fargate").unlink()
    (dags / "__pycache__").mkdir()
    (dags / "__pycache__" / "a_dag.cpython-312.pyc").write_bytes(b"x")
    expected = ["dags", "dags/a_dag.py", "plugins", "plugins/pipelines", "plugins/pipelines/body.py"]
    assert names(archive.make(dags, plugins)) == expected


def test_the_same_files_make_the_same_bytes(code: Code) -> None:
    dags, plugins = code("A")
    before = archive.make(dags, plugins)
    os.utime(dags / "a_dag.py", (1, 1))
    (dags / "a_dag.py").chmod(0o600)
    assert archive.make(dags, plugins) == before
    (dags / "a_dag.py").write_text("other")
    assert archive.make(dags, plugins) != before


def test_it_is_put_once_and_never_replaced(s3: Any, code: Code) -> None:
    made = archive.make(*code("A"))
    first = archive.put(A, made)
    assert first == {
        **{"release": A, "archive": f"s3://{BUCKET}/releases/{A}/code.tar.gz", "bytes": len(made)},
        **{"sha256": first["sha256"], "uploaded": True},
    }
    assert archive.put(A, made) == first | {"uploaded": False}
    with pytest.raises(archive.OtherCode, match=f"releases/{A}/code.tar.gz has other code than this image"):
        archive.put(A, archive.make(*code("B")))
    assert s3.get_object(Bucket=BUCKET, Key=f"releases/{A}/code.tar.gz")["Body"].read() == made


def test_it_is_unpacked_as_it_was(s3: Any, code: Code, tmp_path: Path) -> None:
    dags, plugins = code("A")
    archive.put(A, archive.make(dags, plugins))
    folder = tmp_path / "versions" / A
    archive.fetch(A, folder)
    assert (folder / "dags" / "a_dag.py").read_text() == (dags / "a_dag.py").read_text()
    assert (folder / "plugins" / "fargate" / "bundle.py").exists()
    assert [path.name for path in folder.parent.iterdir()] == [A]


def test_one_that_is_missing_is_named_and_leaves_nothing(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(archive.MissingArchive) as error:
        archive.fetch(A, tmp_path / "versions" / A)
    assert str(error.value) == (
        f"the code of release {A} is not in s3://{BUCKET}/releases/{A}/code.tar.gz: it was never archived, or was "
        f"removed RELEASES_KEPT_DAYS after its last run. Clear the run with 'run on latest version', or deploy that "
        f"release again"
    )
    assert not (tmp_path / "versions").exists()


def test_one_that_breaks_off_leaves_nothing(s3: Any, tmp_path: Path) -> None:
    made = archive.make(tmp_path, tmp_path)
    s3.put_object(Bucket=BUCKET, Key=f"releases/{A}/code.tar.gz", Body=made[: len(made) // 2])
    with pytest.raises((EOFError, tarfile.TarError)):
        archive.fetch(A, tmp_path / "versions" / A)
    assert list((tmp_path / "versions").iterdir()) == []
