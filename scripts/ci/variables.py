"""Tell which variables of the pipeline are missing or wrong, before anything is done.

usage: scripts/ci/variables plan        what a plan needs: the accounts
       scripts/ci/variables deploy      and what a deploy of one environment needs
       scripts/ci/variables nightly     and what the nightly pipeline needs
       scripts/ci/variables --table     all of them, as a table for the README

exit codes: 0 all are there, 1 some are not, 2 wrong usage.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.ci.stop import Stop

Check = Callable[[str], bool]


@dataclass(frozen=True)
class Variable:
    """One variable of GitLab's. ``check`` tells a right value; ``kind`` is how it is to be set."""

    name: str
    meaning: str
    source: str
    example: str
    check: Check
    kind: str = "Variable"
    scoped: bool = False
    needed: bool = True


def like(pattern: str) -> Check:
    return lambda value: re.fullmatch(pattern, value) is not None


def private_key(path: str) -> bool:
    """Tell a file with a private key from its path; GitLab gives a variable of type File as one."""
    return _text(path).lstrip().startswith("-----BEGIN ") and "PRIVATE KEY-----" in _text(path)


def known_hosts(path: str) -> bool:
    lines = [line.split() for line in _text(path).splitlines() if line.strip() and not line.startswith("#")]
    return bool(lines) and all(len(words) >= 3 for words in lines)


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, ValueError):
        return ""


ENVIRONMENTS = Path(__file__).resolve().parents[2] / "infra" / "env"


def of_account(environment: str) -> Variable:
    """Return the variable that names the account of an environment."""
    name = f"{environment.upper().replace('-', '_')}_ACCOUNT"
    return Variable(name, f"the AWS account of {environment}", "the account", "123456789012", like(r"\d{12}"))


ACCOUNTS = [of_account(path.stem) for path in sorted(ENVIRONMENTS.glob("*.tfvars"))]
DEPLOY = [
    Variable(
        "DEPLOY_SSH_KEY",
        "the private key that may run the deploy on the hosts",
        "`ssh-keygen -t ed25519 -N '' -C deploy -f key`; its public half is `deploy_public_key` in infra/env",
        "the text of the file `key`, with the line end behind its last line",
        private_key,
        kind="File, protected",
        scoped=True,
    ),
    Variable(
        "DEPLOY_KNOWN_HOSTS",
        "the hosts' own keys: no other machine is taken for one of them",
        "/etc/ssh/ssh_host_ed25519_key.pub of each host, read through Session Manager",
        "10.0.1.7 ssh-ed25519 AAAAC3Nza…",
        known_hosts,
        kind="File, protected",
        scoped=True,
    ),
    Variable(
        "AIRFLOW_PASSWORD",
        "the password of the user `rest`, with which the smoke test asks",
        "Secrets Manager, PREFIX/rest-password",
        "64 hexadecimal digits",
        lambda value: len(value) >= 8,
        kind="Variable, protected, masked",
        scoped=True,
    ),
    Variable(
        "DEPLOY_HOSTS",
        "where the hosts' sshd listens, as [USER@]HOST[:PORT] with blanks between",
        "their private addresses; with DEPLOY_VIA=session-manager they are found by their tag",
        "root@10.0.1.7 root@10.0.2.9:2222",
        like(r"([\w.-]+@)?[\w.-]+(:\d+)?( +([\w.-]+@)?[\w.-]+(:\d+)?)*"),
        kind="Variable, protected",
        scoped=True,
    ),
    Variable(
        "DEPLOY_VIA",
        "how the hosts are reached: straight, or through Session Manager where they have no open port",
        "a choice; `ssh` when it is not set",
        "session-manager",
        like("ssh|session-manager"),
        scoped=True,
        needed=False,
    ),
]
NIGHTLY = [
    Variable(
        "DRIFT_ROLE",
        "the role that reads what there is, to compare it with infra/",
        "made by hand: a refresh reads secrets, so that no role of Terraform's has it (infra/README.md)",
        "arn:aws:iam::123456789012:role/drift",
        like(r"arn:aws[a-z-]*:iam::\d{12}:role/.+"),
        kind="Variable, protected",
        scoped=True,
    ),
]
SETS = {"plan": ACCOUNTS, "deploy": [*ACCOUNTS, *DEPLOY], "nightly": [*ACCOUNTS, *DEPLOY, *NIGHTLY]}
ALL = [*ACCOUNTS, *DEPLOY, *NIGHTLY]


def main(arguments: list[str]) -> int:
    if arguments == ["--table"]:
        print(table(), end="")
        return 0
    if len(arguments) != 1 or arguments[0] not in SETS:
        print((__doc__ or "").strip())
        return 0 if arguments in (["-h"], ["--help"]) else 2
    found = list(problems(SETS[arguments[0]], os.environ))
    for problem in found:
        print(f"error: {problem}\n", file=sys.stderr)
    if not found:
        print(f"==> {len(SETS[arguments[0]])} variables are right")
    return 1 if found else 0


def require(which: str, variables: Mapping[str, str]) -> None:
    """Look at a set of variables.

    :raises Stop: naming all that are missing or wrong
    """
    if found := list(problems(SETS[which], variables)):
        raise Stop(2, "\n\nerror: ".join(found))


def problems(wanted: list[Variable], values: Mapping[str, str]) -> Iterator[str]:
    """Say of each variable that is missing or wrong what it is, where to set it, and an example."""
    for variable in wanted:
        value = values.get(variable.name, "")
        if not value and (not variable.needed or _found_otherwise(variable, values)):
            continue
        if not value:
            yield _problem(variable, values, "is not set")
        elif not variable.check(value):
            # the value of a secret is not for the log
            shown = "does not look right" if "masked" in variable.kind or "File" in variable.kind else f"is {value!r}"
            yield _problem(variable, values, shown)


def _found_otherwise(variable: Variable, values: Mapping[str, str]) -> bool:
    return variable.name == "DEPLOY_HOSTS" and values.get("DEPLOY_VIA") == "session-manager"


def _problem(variable: Variable, values: Mapping[str, str], what: str) -> str:
    where = values.get("CI_PROJECT_URL")
    place = f"{where}/-/settings/ci_cd" if where else "GitLab, your project, Settings > CI/CD"
    scope = f", environment {values.get('CI_ENVIRONMENT_NAME') or 'its own'}" if variable.scoped else ""
    return (
        f"{variable.name} {what}: {variable.meaning}\n"
        f"  set it   {place}, Variables: {variable.kind}{scope} (by hand: export {variable.name}=…)\n"
        f"  from     {variable.source}\n"
        f"  example  {variable.example}"
    )


def account(environment: str, values: Mapping[str, str]) -> str:
    """Return the account of an environment.

    :raises Stop: when it is not set, or is none
    """
    wanted = of_account(environment)
    if found := list(problems([wanted], values)):
        raise Stop(2, found[0])
    return values[wanted.name]


def table() -> str:
    """Return all variables as a table of Markdown."""
    lines = ["| variable | what it is | set it as | where it comes from |", "|---|---|---|---|"]
    for variable in ALL:
        kind = f"{variable.kind}{', one for each environment' if variable.scoped else ''}"
        kind += "" if variable.needed else "; may be left out"
        lines.append(f"| `{variable.name}` | {variable.meaning} | {kind} | {variable.source} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
