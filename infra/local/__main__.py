"""The local stack's command line: python -m infra.local COMMAND.

``start`` returns when all processes are started, ``up`` when they work.

It reads AIRFLOW_PORT, AWS_PORT, STACK_DIR, DAGS_DIR and RUNTIME; the Makefile calls it.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable

from infra.local import health, services, stack
from infra.local.layout import IllegalSetting, Layout


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    command = parser.parse_args(arguments).command
    try:
        return COMMANDS[command](Layout.read())
    except (stack.StackError, IllegalSetting) as error:
        print(f"\nerror: {error}", file=sys.stderr)
        return 1


def _start(layout: Layout) -> int:
    stack.start(layout)
    return 0


def _up(layout: Layout) -> int:
    stack.start(layout)
    stack.wait(layout)
    return 0


def _down(layout: Layout) -> int:
    stack.down(layout)
    print("==> stopped; the state is kept (make reset forgets it)")
    return 0


def _reset(layout: Layout) -> int:
    stack.reset(layout)
    print("==> stopped and forgotten")
    return 0


def _status(layout: Layout) -> int:
    """Print a line for each process; 0 when all are healthy, 3 when not, as init scripts do."""
    states = services.states(layout) or {}
    sick = health.unhealthy(layout, services.ALL) if states else list(services.ALL)
    for name in services.ALL:
        entry = states.get(name, {"statename": "STOPPED", "pid": 0, "description": ""})
        verdict = "healthy" if name not in sick else "not healthy"
        print(f"{name:<14} {entry['statename'].lower():<9} {verdict:<12} {entry['description']}")
    print(f"Airflow {layout.airflow_url}   AWS {layout.aws_url}   state {layout.state}")
    return 3 if sick else 0


def _logs(layout: Layout) -> int:
    files = sorted(str(path) for path in layout.log.glob("*.log"))
    return subprocess.run(["tail", "-n", "20", "-F", *files]).returncode


COMMANDS: dict[str, Callable[[Layout], int]] = {
    "start": _start,
    "up": _up,
    "down": _down,
    "reset": _reset,
    "status": _status,
    "logs": _logs,
}

if __name__ == "__main__":
    sys.exit(main())
