"""Airflow's schema and the admin user of this machine, made by Airflow's own commands.

In one process, since importing Airflow takes longer than either of them. Runs with the control
plane's environment: python -m infra.local.database
"""

from airflow.cli.cli_parser import get_parser

USER = PASSWORD = "admin"
COMMANDS = (
    "db migrate",
    f"users create --username {USER} --password {PASSWORD} --role Admin --firstname Local --lastname Admin "
    "--email admin@localhost",
)


def main() -> None:
    for command in COMMANDS:
        arguments = get_parser().parse_args(command.split())
        arguments.func(arguments)


if __name__ == "__main__":
    main()
