"""The stack's processes under supervisor (supervisord.org), which starts, watches and stops them."""

import os
import shlex
import subprocess
import sys
import xmlrpc.client
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from infra.local import postgres
from infra.local.environment import control_plane
from infra.local.layout import ROOT, Layout
from infra.local.processes import until

BASE = ("postgres", "aws", "api-server")
NEED_SCHEMA = {
    "scheduler": "airflow scheduler --skip-serve-logs",
    "dag-processor": "airflow dag-processor",
    "triggerer": "airflow triggerer --skip-serve-logs",
}
ALL = (*BASE, *NEED_SCHEMA)
SOCKET = "supervisor.sock"
PRELOAD = Path(__file__).with_name("preload.py")


def supervisor_conf(layout: Layout) -> str:
    """Return the whole configuration of supervisord."""
    programs = {
        "postgres": (postgres.server_command(layout), "INT"),  # INT: end without waiting for clients
        "aws": ([sys.executable, "-m", "infra.local.emulator"], "TERM"),
        "api-server": ([sys.executable, "-P", str(PRELOAD), str(layout.migrated), "api-server"], "TERM"),
        **{name: (shlex.split(line), "TERM") for name, line in NEED_SCHEMA.items()},
    }
    head = f"""\
[supervisord]
logfile={layout.log}/supervisord.log
pidfile={layout.run}/supervisord.pid
childlogdir={layout.log}
directory={layout.run}
{"user=root" if os.geteuid() == 0 else ""}
[unix_http_server]
file={layout.sockets}/{SOCKET}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
    return head + "".join(_program(layout, name, *entry) for name, entry in programs.items())


def _program(layout: Layout, name: str, command: list[str], stop_signal: str) -> str:
    line = shlex.join(command).replace("%", "%%")
    return f"""\
[program:{name}]
command={line}
directory={layout.run}
autostart={str(name in BASE).lower()}
autorestart=true
startsecs=1
startretries=5
stopsignal={stop_signal}
stopwaitsecs=10
stopasgroup=false
killasgroup=true
redirect_stderr=true
stdout_logfile={layout.log}/{name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=1
{_environment(layout, name)}
"""


def _environment(layout: Layout, name: str) -> str:
    if name != "aws":
        return ""
    own = {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}",
        "STACK_DIR": str(layout.state),
        "AIRFLOW_PORT": str(layout.airflow_port),
        "AWS_PORT": str(layout.aws_port),
        "DAGS_DIR": str(layout.dags),
        "RUNTIME": layout.runtime,
        "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": str(2**20),
    }
    return "environment=" + ",".join(f'{k}="{v.replace("%", "%%")}"' for k, v in own.items())


def start_supervisor(layout: Layout) -> None:
    """Start supervisord with the control plane's environment; what needs no schema starts with it."""
    conf = layout.run / "supervisord.conf"
    conf.write_text(supervisor_conf(layout))
    (layout.sockets / SOCKET).unlink(missing_ok=True)  # of a supervisor that was killed
    command = [str(layout.venv / "bin" / "supervisord"), "-c", str(conf)]
    subprocess.run(command, check=True, env=control_plane(layout), cwd=layout.run)
    until(lambda: states(layout) is not None, 10)


def _rpc(layout: Layout) -> Any:
    transport = SupervisorTransport(serverurl=f"unix://{layout.sockets}/{SOCKET}")
    return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor


def states(layout: Layout) -> dict[str, dict[str, Any]] | None:
    """Return supervisor's view of each process by name, or None when supervisor does not run."""
    try:
        return {entry["name"]: entry for entry in _rpc(layout).getAllProcessInfo()}
    except (OSError, xmlrpc.client.Error):
        return None


def start(layout: Layout, *names: str) -> None:
    """Start these processes unless they run; do not wait."""
    known = states(layout) or {}
    for name in names:
        if known[name]["statename"] not in ("RUNNING", "STARTING"):
            _rpc(layout).startProcess(name, False)


def shutdown(layout: Layout) -> bool:
    """Stop all processes and supervisor; tell whether it was there to do that."""
    try:
        _rpc(layout).shutdown()
    except (OSError, xmlrpc.client.Error):
        return False
    return until(lambda: states(layout) is None, 60)
