"""The Compose files and the template of a host's settings: what they promise, and that their defaults agree."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COLOUR: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yml").read_text())
NGINX: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "nginx" / "compose.yml").read_text())
SERVICES = {**COLOUR["services"], **NGINX["services"]}
TEMPLATE = (ROOT / "docker" / "deploy.env").read_text()
# what Terraform's settings.env, a release or the scripts give
GIVEN = {
    "AIRFLOW_HOST_DIR",
    "COLOUR",
    "DOMAIN_NAME",
    "DRAIN_S",
    "ECS_EXEC",
    "IMAGE",
    "NGINX_DIR",
    "PORT",
    "SECRETS_PREFIX",
    "TLS_DIR",
}


def stated() -> dict[str, str]:
    """Return each setting of the template with its default, or with an example where it is required."""
    pairs = re.findall(r"^#?([A-Z_]+)=(.*)$", TEMPLATE, re.MULTILINE)
    assert len(pairs) > 20
    return dict(pairs)


def used() -> dict[str, set[str]]:
    """Return each variable of nginx.sh and the Compose files with the defaults that stand there."""
    found: dict[str, set[str]] = {}
    for path in ("docker/compose.yml", "docker/nginx/compose.yml"):
        for name, default in re.findall(r"(?<!\$)\$\{([A-Z_]+)(?::-([^}]*))?", (ROOT / path).read_text()):
            found.setdefault(name, set()).update([default] if default else [])
    for name, default in re.findall(r"\$\{([A-Z_]+):=([^}]*)\}", (ROOT / "scripts/deploy/nginx.sh").read_text()):
        found.setdefault(name, set()).add(default)
    for name, default in re.findall(
        r"^  rule ([A-Z_]+) ([^-'\" ]+) ", (ROOT / "scripts/deploy/settings.sh").read_text(), re.M
    ):
        found.setdefault(name, set()).add(default)
    assert len(found) > 20
    return found


def test_every_setting_is_in_the_template_with_the_default_that_holds() -> None:
    folders = {"NGINX_TEMPLATES", "NGINX_SEES", "NGINX_TLS_DIR", "NGINX_RUN_DIR", "NGINX_USER", "NGINX_LOG"}
    settings = {name: defaults for name, defaults in used().items() if name not in GIVEN | folders}
    template = stated()
    assert sorted(settings.keys() - template.keys()) == []
    assert {name: {template[name]} for name, defaults in settings.items() if defaults} == {
        name: defaults for name, defaults in settings.items() if defaults
    }


def test_each_setting_is_checked_when_a_deploy_begins() -> None:
    checks = "".join((ROOT / "scripts" / "deploy" / f"{part}.sh").read_text() for part in ("settings", "nginx"))
    by_rule = set(re.findall(r"^  rule ([A-Z_]+) ", checks, re.MULTILINE))
    nginx = checks[checks.index("nginx_check_settings() {") :]
    by_nginx = set(re.findall(r"[A-Z_]{4,}", nginx[: nginx.index("\n}\n")]))
    assert sorted(stated().keys() - by_rule - by_nginx) == []


def test_what_is_required_has_no_default() -> None:
    required = set(re.findall(r"^([A-Z_]+)=", TEMPLATE, re.MULTILINE))
    assert required == {"NGINX_IMAGE"}


def test_a_host_s_own_file_wins_over_terraform_s_for_containers_too() -> None:
    """As scripts/deploy/settings.sh reads them: a later file wins."""
    files = COLOUR["x-airflow"]["env_file"]
    assert files.index("${AIRFLOW_HOST_DIR}/settings.env") < files.index("${AIRFLOW_HOST_DIR}/deploy.env")


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_do_little_and_is_checked(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["driver"] == "local"
    assert service["mem_limit"]
    assert service["healthcheck"]["test"]
    assert service["stop_grace_period"]
    assert "privileged" not in service
    assert "docker.sock" not in str(service)


@pytest.mark.parametrize("name", COLOUR["services"])
def test_docker_starts_no_colour_by_itself(name: str) -> None:
    assert SERVICES[name]["restart"] == "no"


def test_an_api_server_is_reached_from_this_host_only() -> None:
    assert [port for service in SERVICES.values() for port in service.get("ports", [])] == [
        "127.0.0.1:${PORT:?BLUE_PORT or GREEN_PORT}:8080"
    ]


def test_only_the_scheduler_has_the_certificate_and_nobody_the_key() -> None:
    """An api-server with [api] ssl_cert would want to speak TLS."""
    having = [name for name, service in COLOUR["services"].items() if "SSL_CERT" in str(service)]
    assert having == ["scheduler"]
    assert "key.pem" not in str(COLOUR)
