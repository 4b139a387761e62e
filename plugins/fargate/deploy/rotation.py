"""A secret is replaced in steps, after each of which what serves is deployed again: nobody meets an unknown value.

    add   the new value is known beside the old one, which is still the one in use
    use   the new one is in use, and the old one still known
    drop  the old one is forgotten

Where a rotation stands is a label of the secret's current version in Secrets Manager. Both keys that encrypt
or sign are lists meanwhile (fargate.deploy.secret_values); the database has two logins that take turns.
"""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy.engine import make_url

from fargate.deploy import database, role, secret_values
from fargate.deploy.failure import UNREACHABLE, Failure
from fargate.deploy.secret_values import FERNET, JWT

DATABASE = "database-url"
# a login is known as soon as it is made, so that the database's needs no step of its own for that
STEPS = {FERNET: ("add", "use", "drop"), JWT: ("add", "use", "drop"), DATABASE: ("use", "drop")}
LABEL = "rotation-"
SESSIONS = "SELECT count(*) AS count FROM pg_stat_activity WHERE usename = %s"


def plan(secret: str) -> dict[str, Any]:
    """Return where a rotation stands.

    ``next`` is the step that comes next, ``wait_s`` what has to pass between the last deploy and it, and
    ``under_way`` tells whether a step was done.
    """
    _, done = current(secret)
    steps = STEPS[secret]
    following = steps[steps.index(done) + 1] if done else steps[0]
    told = {"secret": secret_values.name(secret), "next": following, "wait_s": _wait_s(secret, following)}
    return {**told, "under_way": bool(done)}


def step(secret: str) -> dict[str, Any]:
    """Do the next step; what serves has to be deployed after it. Returns what was done."""
    doing = plan(secret)["next"]
    value, _ = current(secret)
    _put(secret, CHANGES[secret](doing, value), doing if doing != STEPS[secret][-1] else "")
    return {"secret": secret_values.name(secret), "done": doing}


def current(secret: str) -> tuple[str, str]:
    """Return the value as it is, and the step that made it; no step where no rotation is under way."""
    if secret not in STEPS:
        raise Failure(2, f"{secret!r} cannot be rotated: {', '.join(STEPS)} can")
    with _reached("read", secret) as name:
        answer = secret_values.client("secretsmanager").get_secret_value(SecretId=name)
    labels = [label.removeprefix(LABEL) for label in answer["VersionStages"] if label.startswith(LABEL)]
    return answer["SecretString"], labels[0] if labels else ""


def _put(secret: str, value: str, done: str) -> None:
    labels = ["AWSCURRENT", *([f"{LABEL}{done}"] if done else [])]
    with _reached("write", secret) as name:
        client = secret_values.client("secretsmanager")
        client.put_secret_value(SecretId=name, SecretString=value, VersionStages=labels)


@contextmanager
def _reached(verb: str, secret: str) -> Iterator[str]:
    name = secret_values.name(secret)
    try:
        yield name
    except (BotoCoreError, ClientError) as error:
        raise Failure(UNREACHABLE, f"cannot {verb} the secret {name}: {error}") from None


def _wait_s(secret: str, following: str) -> int:
    """Return for how long a token of a task can live: queued for so long, and not yet renewed by its worker."""
    if (secret, following) != (JWT, "drop"):
        return 0
    from airflow.configuration import conf

    queued = conf.getfloat("scheduler", "task_queued_timeout")
    return int(queued + conf.getfloat("execution_api", "jwt_expiration_time"))


def _fernet(doing: str, value: str) -> str:
    if doing == "drop":
        encrypt_again()
    return _turned(doing, value, urlsafe_b64encode(secrets.token_bytes(32)).decode())


def _jwt(doing: str, value: str) -> str:
    return _turned(doing, value, secrets.token_hex(64))


def _turned(doing: str, value: str, new: str) -> str:
    """Return a list of values after a step."""
    first, *others = value.split(",")
    return {"add": ",".join([first, new]), "use": ",".join([*others, first]), "drop": first}[doing]


def encrypt_again() -> None:
    """Run ``airflow rotate-fernet-key``: with the first key, what was encrypted with any."""
    secret_values.export()
    from airflow.cli.cli_parser import get_parser

    arguments = get_parser().parse_args(["rotate-fernet-key"])
    arguments.func(arguments)


def _database(doing: str, value: str) -> str:
    url = make_url(value)
    login = url.username or ""
    with closing(role.master("airflow-rotation")) as connection:
        if doing == "drop":
            _leave_alone(connection, login)
            return value
        new, password = role.next_login(login), secrets.token_hex(32)
        role.admit(connection, new, password)
    return url.set(username=new, password=password).render_as_string(hide_password=False)


def _leave_alone(connection: Any, login: str) -> None:
    """Shut out all logins but one, when nobody uses them any more."""
    owner = role.owner(login)
    for other in {owner, role.next_login(login), role.next_login(role.next_login(login))} - {login}:
        [sessions] = database.rows(connection, SESSIONS, other)
        if sessions["count"]:
            raise Failure(
                UNREACHABLE,
                f"{sessions['count']} sessions of the login {other} are open: what serves on some host was not "
                "deployed since, or something else uses it (SELECT * FROM pg_stat_activity). Deploy there, then go on",
            )
        role.shut_out(connection, other)


CHANGES = {FERNET: _fernet, JWT: _jwt, DATABASE: _database}
