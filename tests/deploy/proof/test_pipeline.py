"""The pipeline's own jobs against a host: over SSH, with the smoke test, and back again when that fails."""

import json
from collections.abc import Iterator

import pytest

from tests.deploy.host_under_test import BUCKETS, ROOT, HostUnderTest
from tests.deploy.proof.pipeline import Pipeline
from tests.deploy.proof.site import Site
from tests.scripts.ci.sshd import NotInstalled

pytestmark = pytest.mark.timeout(2400)
SMOKE = (ROOT / "dags" / "smoke.py").read_text()
BROKEN = SMOKE.replace('return f"{place}: {tour.where()}"', 'raise ValueError("this release cannot do it")')
OURS, NEXT, BAD = "a0000000", "b0000000", "c0000000"


@pytest.fixture(scope="module")
def pipeline(host: HostUnderTest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    host.configure(START_S="240", PARSE_S="240", BAKE_S="2", DRAIN_S="60", STOP_S="10")
    try:
        made = Pipeline(tmp_path_factory.mktemp("pipeline"), host)
    except NotInstalled as reason:
        pytest.skip(str(reason))
    yield made
    made.sshd.stop()


@pytest.fixture(scope="module")
def digests(host: HostUnderTest, image: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two releases that work, and one whose smoke DAG fails when it runs."""
    site = Site(host, tmp_path_factory.mktemp("releases"), image)
    texts = {OURS: SMOKE, NEXT: SMOKE, BAD: BROKEN}
    assert BROKEN != SMOKE
    return {name: site.build(name, dags__smoke=text).rpartition("@")[2] for name, text in texts.items()}


def serving(host: HostUnderTest) -> str:
    return str(next(colour["digest"] for colour in host.colours()["colours"] if colour["state"] == "serving"))


def test_from_a_deploy_to_its_smoke_test_and_back(
    pipeline: Pipeline, host: HostUnderTest, digests: dict[str, str]
) -> None:
    for name in (OURS, NEXT):
        deployed = pipeline.run("deploy", "test", digests[name])
        assert deployed.returncode == 0, deployed.stdout[-3000:] + deployed.stderr[-3000:]
        verified = pipeline.run("verify", "test", digests[name])
        assert verified.returncode == 0, verified.stdout[-3000:] + verified.stderr[-3000:]
        # the new code ran in a Fargate container
        assert (
            f"  release  {name}-{digests[name][7:15]}\n  images   {digests[name]}: 2 Fargate tasks\n" in verified.stdout
        )
    assert serving(host) == digests[NEXT]

    # of a release that does not serve, the smoke test says so; what somebody else deployed is not taken back
    wrong = pipeline.run("verify", "test", digests[OURS])
    assert wrong.returncode == 1
    assert f"ran {digests[NEXT]}, not {digests[OURS]}" in wrong.stderr
    assert serving(host) == digests[NEXT]

    # one that starts, is healthy, and cannot do its work
    deployed = pipeline.run("deploy", "test", digests[BAD])
    assert deployed.returncode == 0, deployed.stderr[-3000:]
    verified = pipeline.run("verify", "test", digests[BAD])
    assert verified.returncode == 1, verified.stdout[-3000:] + verified.stderr[-3000:]
    assert "ValueError: this release cannot do it" in verified.stderr
    assert "the release before serves again; its smoke test passed" in pipeline.note()
    assert serving(host) == digests[NEXT]

    back = pipeline.run("rollback", "test", digests[OURS])
    assert back.returncode == 0, back.stdout[-3000:] + back.stderr[-3000:]
    assert pipeline.run("verify", "test", digests[OURS]).returncode == 0


def test_who_deployed_is_in_the_audit(pipeline: Pipeline, host: HostUnderTest) -> None:
    s3 = host.client("s3")
    keys = [e["Key"] for e in s3.list_objects_v2(Bucket=BUCKETS["deploy"], Prefix="releases/audit/")["Contents"]]
    audits = [json.loads(s3.get_object(Bucket=BUCKETS["deploy"], Key=key)["Body"].read()) for key in keys]
    assert audits
    assert {audit["who"] for audit in audits} == {"gitlab:ann:job-42"}


def test_a_tag_does_not_reach_the_host(pipeline: Pipeline) -> None:
    result = pipeline.run("deploy", "test", "latest")
    assert result.returncode == 2
    assert "'latest' is no digest" in result.stderr
