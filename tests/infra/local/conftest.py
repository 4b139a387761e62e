"""A checkout in which the bootstrap may do as it likes."""

from pathlib import Path

import pytest

from infra.local import bootstrap
from tests.infra.local.checkout import Checkout, copy_files


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    made = Checkout(tmp_path)
    copy_files(tmp_path)
    for name, value in {"ROOT": tmp_path, "LOCAL": tmp_path / ".local", "VENV": tmp_path / ".local" / "venv"}.items():
        monkeypatch.setattr(bootstrap, name, value)
    monkeypatch.setattr(bootstrap, "run", made.run)
    monkeypatch.setattr(bootstrap, "find_uv", lambda: "uv")
    return made
