"""The first boot of a host, and the next ones, on a machine that reaches S3 and nothing else.

The machine is a container with a real systemd and dnf. Instead of Amazon Linux's packages docker and
amazon-ecr-credential-helper it gets stand-ins, from a repository in S3 as Amazon Linux's is. AWS is
moto, under AWS's own names; what the host sends to anybody else is counted.
"""

import json
from collections.abc import Iterator

import pytest

from tests.infra.hosts import packages, system
from tests.infra.hosts.rendered import host_files, user_data
from tests.infra.hosts.world import BUCKET, REGION, REGISTRY, World, first_objects, settings

pytestmark = pytest.mark.timeout(600)  # the machine's files are made once, from some hundred packages

PLACEHOLDER = "curl --silent --insecure --write-out ' %{http_code}' https://127.0.0.1"
HEALTH = """#!/bin/sh
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout /run/key.pem -out /run/certificate.pem
cd /opt/airflow/system
export RUNTIME_DIRECTORY=/run
exec python3 -c '
import placeholder
placeholder.HEALTHY = ["/api/v2/monitor/health"]
placeholder.TEXT = b"{\\"scheduler\\": {\\"latest_scheduler_heartbeat\\": \\"2026-01-01T00:00:00+00:00\\"}}"
placeholder.main()'
"""
STATE = "/etc /opt/airflow ~root/.docker /usr/local /swapfile"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A host that has booted for the first time, before anything was deployed."""
    try:
        system.check()
        world = World(tmp_path_factory.mktemp("world"), first_objects())
    except system.CannotRun as reason:
        pytest.skip(str(reason))
    try:
        world.machine.boot()
        world.machine.until("test -s /var/log/user-data.code", 120)
        yield world
    finally:
        world.close()


def out(world: World, command: str) -> str:
    result = world.machine.run(command)
    assert result.returncode == 0, result
    return result.stdout.strip()


class TestFirstBoot:
    def test_it_ends_well(self, world: World) -> None:
        said = world.machine.read("/var/log/cloud-init-output.log")
        assert world.machine.read("/var/log/user-data.code") == "0\n", said
        assert "==> this host is ready" in said

    def test_the_packages_are_there(self, world: World) -> None:
        listed = out(world, "dnf --quiet repoquery --cacheonly --installed --qf '%{name}'")
        assert sorted(listed.splitlines()) == sorted(packages.FILES)

    def test_the_files_of_the_bucket_are_in_place(self, world: World) -> None:
        assert world.machine.read("/opt/airflow/settings.env") == settings()
        for name, text in host_files().items():
            assert world.machine.read(f"/opt/airflow/system/{name}") == text

    def test_only_root_reads_the_settings(self, world: World) -> None:
        assert out(world, "stat -c '%a %U' /opt/airflow/settings.env") == "600 root"

    @pytest.mark.parametrize(
        "unit", ["docker.service", "airflow-deployed.service", "airflow-heartbeat.timer", "airflow-cleanup.timer"]
    )
    def test_the_units_start_at_each_boot(self, world: World, unit: str) -> None:
        assert out(world, f"systemctl is-enabled {unit}") == "enabled"
        world.machine.until(f"systemctl is-active {unit}", 20)

    def test_images_are_pulled_with_the_role_of_the_host(self, world: World) -> None:
        login = json.loads(out(world, "cat ~root/.docker/config.json"))
        assert login == {"credHelpers": {REGISTRY: "ecr-login"}}

    def test_the_pipeline_s_key_may_ask_for_a_deploy_and_for_nothing_else(self, world: World) -> None:
        line = f'restrict,command="/opt/airflow/system/gate.sh" ssh-ed25519 {"A" * 68} deploy\n'
        assert out(world, "cat ~root/.ssh/authorized_keys") == line.rstrip("\n")
        assert out(world, "stat -c '%a %U' ~root/.ssh ~root/.ssh/authorized_keys") == "700 root\n600 root"
        assert out(world, "test -x /opt/airflow/system/gate.sh && echo yes") == "yes"

    def test_logs_of_containers_rotate(self, world: World) -> None:
        daemon = json.loads(world.machine.read("/etc/docker/daemon.json"))
        assert (daemon["log-driver"], daemon["log-opts"]) == ("local", {"max-size": "20m", "max-file": "5"})

    def test_that_nothing_is_deployed_is_said_and_no_failure(self, world: World) -> None:
        world.machine.until("systemctl is-active airflow-placeholder.service", 20)
        assert "no release is deployed yet" in out(world, "journalctl --no-pager -u airflow-deployed.service")
        assert out(world, "systemctl is-failed airflow-deployed.service; true") == "active"

    @pytest.mark.parametrize(("path", "code"), [("/api/v2/version", 200), ("/execution/health", 200), ("/", 503)])
    def test_load_balancers_and_people_are_answered(self, world: World, path: str, code: int) -> None:
        world.machine.until(f"{PLACEHOLDER}/ | grep -q 503", 20)
        said = out(world, f"{PLACEHOLDER}{path}")
        assert said == f"No release of Airflow is deployed on this host yet.\n {code}"

    def test_there_is_no_heartbeat_without_a_release(self, world: World) -> None:
        world.machine.until(f"{PLACEHOLDER}/ | grep -q 503", 20)
        assert world.machine.run("systemctl start airflow-heartbeat.service").returncode != 0
        journal = out(world, "journalctl --no-pager -u airflow-heartbeat.service")
        assert "heartbeat: /api/v2/monitor/health answered 503: No release of Airflow is deployed" in journal

    def test_nobody_but_s3_and_the_metadata_service_was_asked(self, world: World) -> None:
        hosts = {host for _, host, _ in world.requests()}
        s3 = f"s3.{REGION}.amazonaws.com"
        repositories = f"{packages.bucket(REGION)}.s3.dualstack.{REGION}.amazonaws.com"
        assert hosts == {f"{BUCKET}.{s3}", repositories, "169.254.169.254"}
        assert world.network.elsewhere() == 0

    def test_a_packet_to_somebody_else_would_be_seen(self, world: World) -> None:
        before = world.network.elsewhere()
        assert world.machine.run("curl --silent --max-time 2 http://198.51.100.1/").returncode != 0
        assert world.network.elsewhere() > before


class TestAgain:
    def test_a_second_run_changes_nothing(self, world: World) -> None:
        files = f"find {STATE} -type f ! -path '*/.updated' -printf '%p %m %s %T@\\n' | sort"
        state = f"{files}; systemctl show --property MainPID docker"
        before = out(world, state)
        assert len(before.splitlines()) > 50
        result = world.machine.run("/root/user-data")
        assert result.returncode == 0, result
        assert out(world, state) == before
        assert world.machine.read("/etc/fstab").count("/swapfile") == 1

    def test_a_missing_bucket_is_named(self, world: World) -> None:
        world.machine.write("/root/wrong", user_data(deploy_bucket="no-such-bucket", region=REGION), 0o755)
        result = world.machine.run("USER_DATA_TRIES=1 /root/wrong")
        assert result.returncode == 1
        assert "s3://no-such-bucket/host/: does the bucket exist, and may the host's role" in result.stderr

    def test_missing_packages_are_named(self, world: World) -> None:
        world.machine.run("mv /etc/yum.repos.d/amazonlinux.repo /root; dnf -y remove docker; dnf clean all")
        result = world.machine.run("USER_DATA_TRIES=1 /root/user-data")
        world.machine.run("mv /root/amazonlinux.repo /etc/yum.repos.d; dnf -y install docker")
        assert result.returncode == 1
        assert (
            f"is there a route to S3 (gateway endpoint), and does its policy admit al2023-repos-{REGION}-*?"
            in result.stderr
        )


@pytest.fixture(scope="module")
def booted(world: World) -> World:
    """The host after a deploy has put its files, and a second boot."""
    world.put("host/bin/docker-compose", "#!/bin/sh\n")
    world.put("host/scripts/boot.sh", '#!/bin/sh\necho "boot of $DOMAIN_NAME" >>/var/log/boots\n')
    world.put("releases/current.json", "{}")
    world.machine.stop()
    world.machine.boot()
    world.machine.until("test -s /var/log/boots", 60)
    return world


class TestWithARelease:
    def test_it_is_started_once_with_the_settings(self, booted: World) -> None:
        booted.machine.until("systemctl is-active airflow-deployed.service", 20)
        assert booted.machine.read("/var/log/boots") == "boot of airflow.example.com\n"

    def test_the_placeholder_is_gone(self, booted: World) -> None:
        assert booted.machine.run("systemctl is-active airflow-placeholder.service").returncode != 0

    def test_compose_is_a_plugin(self, booted: World) -> None:
        plugin = "/usr/local/lib/docker/cli-plugins/docker-compose"
        assert out(booted, f"stat -c %a {plugin}") == "755"

    def test_the_user_data_did_not_run_again(self, booted: World) -> None:
        assert booted.machine.read("/var/log/cloud-init-output.log").count("==> this host is ready") == 1

    def test_the_scheduler_s_heartbeat_is_told_to_cloudwatch(self, booted: World) -> None:
        booted.machine.write("/root/health", HEALTH, 0o755)
        booted.machine.run("systemd-run --unit=health /root/health")
        booted.machine.until(f"{PLACEHOLDER}/ | grep -q 503", 20)
        result = booted.machine.run(
            "systemctl start airflow-heartbeat.service; journalctl --no-pager -u airflow-heartbeat"
        )
        listed = out(booted, f"aws --region {REGION} cloudwatch list-metrics --namespace airflow-test --output json")
        assert [metric["MetricName"] for metric in json.loads(listed)["Metrics"]] == ["SchedulerHeartbeatAge"], result

    def test_a_release_that_does_not_start_is_tried_again(self, booted: World) -> None:
        booted.put("host/scripts/boot.sh", "#!/bin/sh\necho tried >>/var/log/tries\nexit 3\n")
        booted.machine.run(
            "sed -i s/RestartSec=30/RestartSec=1/ /opt/airflow/system/airflow-deployed.service; systemctl daemon-reload"
        )
        booted.machine.run("systemctl restart --no-block airflow-deployed.service")
        booted.machine.until("test $(wc -l </var/log/tries) -ge 2", 60)

    def test_a_release_without_its_script_is_an_error_that_says_so(self, booted: World) -> None:
        booted.machine.run("systemctl stop airflow-deployed.service")
        upload = f"AWS_DEFAULT_REGION={REGION} aws s3 rm --only-show-errors s3://{BUCKET}/host/scripts/boot.sh"
        assert booted.machine.run(f"{upload} && rm /opt/airflow/scripts/boot.sh").returncode == 0
        result = booted.machine.run("HOME=/root bash /opt/airflow/system/start.sh")
        assert result.returncode == 1
        assert "host/scripts/boot.sh is missing: deploy again" in result.stderr
