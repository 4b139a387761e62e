"""The conf of a run and the id that is made from it."""

import io
from pathlib import Path
from typing import Any

import pytest

from scripts.airflow_api import Exit, Problem
from scripts.conf import read_conf, run_id


def problem(*arguments: Any) -> str:
    with pytest.raises(Problem) as failed:
        read_conf(*arguments)
    assert failed.value.code == Exit.USAGE
    return str(failed.value)


def test_no_conf_is_an_empty_one() -> None:
    assert read_conf(None, None, []) == {}


def test_pairs_change_the_text_and_the_text_changes_the_file(tmp_path: Path) -> None:
    file = tmp_path / "conf.json"
    file.write_text('{"a": "file", "b": "file", "c": "file"}')
    assert read_conf('{"b": "text", "c": "text"}', str(file), ["c=pair"]) == {"a": "file", "b": "text", "c": "pair"}


def test_a_later_pair_wins() -> None:
    assert read_conf(None, None, ["a=1", "a=2"]) == {"a": 2}


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("a=1", 1),
        ("a=true", True),
        ("a=null", None),
        ('a=["UA","B6"]', ["UA", "B6"]),
        ('a="1"', "1"),
        ("a=UA", "UA"),
        ("a=x=y", "x=y"),
        ("a=", ""),
        ("a=[1", "[1"),
        ("a=NaN", "NaN"),
        ("a=-Infinity", "-Infinity"),
    ],
)
def test_a_value_is_json_or_text(pair: str, value: Any) -> None:
    conf = read_conf(None, None, [pair])
    assert conf == {"a": value}
    assert type(conf["a"]) is type(value)


@pytest.mark.parametrize("pair", ["carriers", "=1", ""])
def test_a_pair_needs_a_name_and_an_equals_sign(pair: str) -> None:
    assert problem(None, None, [pair]) == f"{pair!r} is not of the form name=value"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "--conf is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ('{"a": NaN}', "--conf is not JSON: NaN is no number of JSON"),
        ("[1]", "--conf is a JSON list; a conf is an object such as {}"),
        ('"a"', "--conf is a JSON str; a conf is an object such as {}"),
        ("null", "--conf is a JSON NoneType; a conf is an object such as {}"),
    ],
)
def test_a_text_that_is_no_object(text: str, message: str) -> None:
    assert problem(text, None, []) == message


def test_the_file_may_be_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"a": 1}'))
    assert read_conf(None, "-", []) == {"a": 1}


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "conf.json"
    assert problem(None, str(file), []) == f"--conf-file {file}: [Errno 2] No such file or directory: '{file}'"
    file.write_text("[]")
    assert problem(None, str(file), []) == f"--conf-file {file} is a JSON list; a conf is an object such as {{}}"
    file.write_bytes(b"\xff")
    assert problem(None, str(file), []).startswith(f"--conf-file {file}: 'utf-8' codec can't decode byte 0xff")


def test_the_id_is_a_digest_of_the_conf() -> None:
    # the first 12 digits of `printf '{"a":[1,2],"b":"x"}' | sha256sum`
    assert run_id({"a": [1, 2], "b": "x"}) == "rest__d0f56dda38d3"
    assert run_id({}) == "rest__44136fa355b3"


def test_the_id_does_not_depend_on_the_order_of_the_names() -> None:
    assert run_id({"a": 1, "b": {"c": 2, "d": 3}}) == run_id({"b": {"d": 3, "c": 2}, "a": 1})


def test_another_conf_or_another_key_is_another_id() -> None:
    ids = {run_id({"a": 1}), run_id({"a": 2}), run_id({"a": "1"}), run_id({"a": 1}, "x"), run_id({"a": 1}, "y")}
    assert len(ids) == 5


def test_the_key_stands_in_the_id() -> None:
    assert run_id({}, "2026-11-21T06:00+09:00_a.b~c") == "rest__2026-11-21T06:00+09:00_a.b~c__44136fa355b3"


@pytest.mark.parametrize("key", ["a b", "a/b", "ä", "a\n"])
def test_a_key_that_airflow_would_refuse(key: str) -> None:
    with pytest.raises(Problem) as failed:
        run_id({}, key)
    assert (str(failed.value), failed.value.code) == (
        f"--key {key!r}: letters, digits and _.~:+- are allowed",
        Exit.USAGE,
    )
