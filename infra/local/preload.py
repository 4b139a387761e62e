"""Airflow's command line, started before there is a database schema: it imports while that is made.

Half of what an api-server does until it answers is importing. Run with -P, so that this folder
does not come onto the process's path: python -P preload.py STAMP COMMAND [ARGUMENT ...]
"""

import importlib
import sys
import time
from pathlib import Path

POLL_S = 0.05
MODULES = {
    "api-server": (
        "airflow.api_fastapi.core_api.routes.public",
        "airflow.api_fastapi.core_api.routes.ui",
        "airflow.api_fastapi.execution_api.routes",
        "airflow.providers.fab.auth_manager.fab_auth_manager",
    ),
}


def main() -> None:
    """Import, wait until the file STAMP is there, and be ``airflow COMMAND ARGUMENT ...``."""
    stamp, *arguments = sys.argv[1:]
    for module in MODULES[arguments[0]]:
        importlib.import_module(module)
    while not Path(stamp).exists():
        time.sleep(POLL_S)
    sys.argv = ["airflow", *arguments]
    importlib.import_module("airflow.__main__").main()


if __name__ == "__main__":
    main()
