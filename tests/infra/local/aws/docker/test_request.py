"""What the engine is asked for."""

from pathlib import Path

from infra.local.aws.container import ContainerSpec
from infra.local.aws.docker.container import request
from infra.local.aws.docker.settings import FOLDER, Settings

IMAGE = {"Id": "sha256:1", "Config": {"Volumes": {"/tmp": {}}}}
SETTINGS = Settings(Path("/state"), "a-network", hosts=("airflow.example.com:172.17.0.1",))


def test_a_container_like_the_workers() -> None:
    definition = {
        "name": "airflow",
        "image": "local/airflow@sha256:1",
        "user": "50000",
        "readonlyRootFilesystem": True,
        "linuxParameters": {"initProcessEnabled": True},
        "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/tmp", "readOnly": False}],
        "environment": [{"name": "A", "value": "1"}],
        "command": ["python", "-m", "fargate.worker"],
    }
    assert request(ContainerSpec.build(definition, {}), IMAGE, SETTINGS, (512, 2048)) == {
        "Image": "sha256:1",
        "Cmd": ["python", "-m", "fargate.worker"],
        "Env": ["A=1"],
        "User": "50000",
        "Labels": {FOLDER: "/state"},
        "HostConfig": {
            "NetworkMode": "a-network",
            "ExtraHosts": ["airflow.example.com:172.17.0.1"],
            "ReadonlyRootfs": True,
            "Init": True,
            "Memory": 2 * 2**30,
            "MemorySwap": 2 * 2**30,
            "CpuPeriod": 100_000,
            "CpuQuota": 50_000,
            "Mounts": [{"Type": "volume", "Target": "/tmp", "ReadOnly": False, "VolumeOptions": {"NoCopy": False}}],
            "LogConfig": {"Type": "json-file"},
        },
    }


def test_the_entry_point_is_not_given_twice() -> None:
    definition = {"name": "m", "image": "i", "entryPoint": ["sh", "-c"], "command": ["exit 1"]}
    asked = request(ContainerSpec.build(definition, {"command": ["exit 2"]}), IMAGE, SETTINGS, (256, 512))
    assert (asked["Entrypoint"], asked["Cmd"]) == (["sh", "-c"], ["exit 2"])


def test_without_a_command_the_images_own_runs() -> None:
    asked = request(ContainerSpec.build({"name": "m", "image": "i"}, {}), IMAGE, SETTINGS, (256, 512))
    assert not {"Entrypoint", "Cmd"} & asked.keys()


def test_without_a_word_there_is_no_init() -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinuxParameters.html"""
    for parameters in ({}, {"linuxParameters": {}}, {"linuxParameters": {"initProcessEnabled": False}}):
        asked = request(ContainerSpec.build({"name": "m", "image": "i", **parameters}, {}), IMAGE, SETTINGS, (256, 512))
        assert asked["HostConfig"]["Init"] is False
