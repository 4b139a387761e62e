"""Delete old rows of this stack's metadata database: python -m infra.local.clean [DAYS].

A task cannot do this, since its way to the database is blocked; in production a timer beside the
control plane runs the same command of Airflow's.
"""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

from infra.local import postgres
from infra.local.environment import control_plane
from infra.local.layout import Layout

KEEP_DAYS = 90


def main(arguments: list[str]) -> int:
    given = arguments[0] if arguments else str(KEEP_DAYS)
    if not given.isdecimal():
        print(f"error: DAYS={given} is not a whole number of days, such as {KEEP_DAYS}", file=sys.stderr)
        return 2
    layout = Layout.read()
    if not postgres.ready(layout):
        print(f"error: no stack runs in {layout.state}; start it: make up", file=sys.stderr)
        return 1
    return subprocess.run(command(layout, int(given)), env=control_plane(layout), cwd=layout.run).returncode


def command(layout: Layout, days: int) -> list[str]:
    """Return Airflow's command that deletes what ended more than ``days`` days ago."""
    before = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    airflow = str(layout.venv / "bin" / "airflow")
    return [airflow, "db", "clean", "--clean-before-timestamp", before, "--skip-archive", "--yes"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
