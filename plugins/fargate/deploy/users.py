"""The users that a deployment begins with: one for people, one for callers of the REST API."""

from fargate.deploy import secret_values

# name: its role in Airflow, and the secret with its password
USERS = {"admin": ("Admin", "admin-password"), "rest": ("Op", "rest-password")}


def make() -> dict[str, list[str]]:
    """Make those that are not there; one that is keeps the password that it has."""
    secret_values.export()
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    made = []
    with get_application_builder() as builder:
        manager = builder.sm
        for name, (role, key) in USERS.items():
            if manager.find_user(name):
                continue
            password = secret_values.read(key)
            email = f"{name}@localhost"
            if not manager.add_user(name, name.capitalize(), "Airflow", email, manager.find_role(role), password):
                raise RuntimeError(f"Airflow did not make the user {name}: what is above says why")
            made.append(name)
    return {"made": made}
