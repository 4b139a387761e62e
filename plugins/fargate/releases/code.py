"""Puts the code of another release in the place of this one's, in a process that runs nothing but that release."""

import importlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from fargate.releases.archive import DAGS, PLUGINS


def use(folder: Path) -> None:
    """Have every later import take ``dags/`` and ``plugins/`` of ``folder``.

    Modules that were imported from this release's folders are forgotten. What holds one of them keeps
    it: so this is for a process that was forked for the purpose, before it runs any of that code.
    """
    from airflow import settings
    from airflow.configuration import conf

    own = {
        **_by_either_name(settings.DAGS_FOLDER, folder / DAGS),
        **_by_either_name(conf.get_mandatory_value("core", "plugins_folder"), folder / PLUGINS),
    }
    sys.path[:] = [str(_moved(entry, own)) for entry in sys.path]
    if str(folder / PLUGINS) not in sys.path:
        sys.path.insert(0, str(folder / PLUGINS))
    for name in [name for name, module in sys.modules.items() if _is_below(module, own)]:
        del sys.modules[name]
    if known := os.environ.get("PYTHONPATH"):  # of what tasks start
        os.environ["PYTHONPATH"] = os.pathsep.join(str(_moved(entry, own)) for entry in known.split(os.pathsep))
    os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"] = settings.PLUGINS_FOLDER = str(folder / PLUGINS)
    importlib.invalidate_caches()


def _by_either_name(path: str, new: Path) -> dict[Path, Path]:
    return {Path(path): new, Path(path).resolve(): new}


def _moved(entry: str, own: dict[Path, Path]) -> str | Path:
    return own.get(Path(entry), entry) if entry else entry


def _is_below(module: ModuleType, folders: Iterable[Path]) -> bool:
    """Tell whether a module, or a package without a file of its own, comes from one of these folders."""
    places = [getattr(module, "__file__", None) or "", *(getattr(module, "__path__", None) or ())]
    return any(Path(place).is_relative_to(folder) for place in places if place for folder in folders)
