"""Which jobs an event starts, and what each waits for, as gitlab-ci-local evaluates .gitlab-ci.yml."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.runner import ACCOUNTS, ROOT, Project

ALWAYS = {"settings", "check"}
ROLLBACKS = {"rollback staging", "rollback production"}
RELEASE = {
    *("settings of staging", "build", "deploy staging", "verify staging", "promote production"),
    *("deploy production", "verify production"),
}
PLANS = {"plan: [staging]", "plan: [production]"}
NIGHT = {
    "everything",
    *(f"{job}: [{name}]" for job in ("settings at night", "drift", "scan") for name in ("staging", "production")),
}
DAG, DOCS, TERRAFORM = {"dags/smoke.py": "# changed\n"}, {"README.md": "changed\n"}, {"infra/ecs.tf": "# changed\n"}
KEYWORDS = {"stages", "include", "workflow", "variables", "default"}


@pytest.mark.parametrize(
    ("files", "jobs"),
    [
        (DOCS, ALWAYS),
        (DAG, ALWAYS | {"dags"}),
        (TERRAFORM, ALWAYS | PLANS | {"unit", "infrastructure"}),
        ({"plugins/fargate/sizes.py": "# changed\n"}, ALWAYS | {"dags", "unit", "stack", "containers"}),
        ({"scripts/deploy/bake.sh": "# changed\n"}, ALWAYS | {"unit", "containers"}),
        ({"tests/e2e/statsd.py": "# changed\n"}, ALWAYS | {"unit", "stack"}),
    ],
)
def test_a_push_to_a_branch_runs_what_its_files_touch(project: Project, files: dict[str, str], jobs: set[str]) -> None:
    project.on_a_branch()
    project.commit(files)
    assert project.jobs() == dict.fromkeys(jobs, "on_success")


def test_a_merge_request_also_shows_what_it_changes(project: Project) -> None:
    project.on_a_branch()
    project.commit(DAG)
    assert set(project.jobs("merge_request_event")) == ALWAYS | {"changes", "dags"}


def test_a_merge_request_plans_and_reaches_no_host(project: Project) -> None:
    project.on_a_branch()
    project.commit(TERRAFORM | DAG | {"docker/airflow.env": "# changed\n"})
    jobs = set(project.jobs("merge_request_event"))
    assert jobs >= PLANS
    assert jobs & (RELEASE | ROLLBACKS) == set()


def test_the_default_branch_goes_to_staging_and_waits_there(project: Project) -> None:
    project.commit(DAG)
    jobs = project.jobs()
    assert set(jobs) == ALWAYS | RELEASE | ROLLBACKS | {"dags"}
    assert {name for name, when in jobs.items() if when == "manual"} == ROLLBACKS | {"deploy production"}


def test_a_change_of_a_dag_plans_no_infrastructure(project: Project) -> None:
    project.commit(DAG)
    assert set(project.jobs()) & PLANS == set()


def test_documentation_alone_is_not_deployed_and_the_way_back_is_there(project: Project) -> None:
    project.commit(DOCS)
    assert set(project.jobs()) == ALWAYS | ROLLBACKS


def test_a_freeze_lets_nothing_out_but_the_way_back(project: Project) -> None:
    project.commit(DAG)
    assert set(project.jobs(CI_DEPLOY_FREEZE="true")) == ALWAYS | ROLLBACKS | {"dags", "build"}


def test_the_night(project: Project) -> None:
    project.commit(DAG | TERRAFORM)
    assert project.jobs("schedule") == dict.fromkeys(NIGHT, "on_success")


def test_nobody_deploys_before_the_image_is_built_and_looked_at(project: Project) -> None:
    project.commit(DAG)
    needs = {job["name"]: [need["job"] for need in job["needs"] or []] for job in project.listed() if job.get("needs")}
    assert needs == {
        "deploy staging": ["settings of staging", "build"],
        "verify staging": ["build", "deploy staging"],
        "promote production": ["build", "verify staging"],
        "deploy production": ["build", "promote production"],
        "verify production": ["build", "deploy production"],
    }


def test_the_first_job_names_a_variable_that_is_missing(project: Project) -> None:
    missing = project.run("settings")
    assert missing.returncode == 1
    assert "PRODUCTION_ACCOUNT is not set: the AWS account of production" in missing.stdout + missing.stderr
    there = project.run("settings", **ACCOUNTS)
    assert there.returncode == 0, there.stdout + there.stderr
    assert "==> this job runs because a variable that is missing should be known" in there.stdout
    assert "==> 2 variables are right" in there.stdout


# --- what gitlab-ci-local does not evaluate is asserted on the file


@pytest.fixture(scope="module")
def jobs() -> dict[str, dict[str, Any]]:
    """The jobs as they are written, with what they extend merged in as GitLab does."""
    every = written()
    names = [name for name in every if name not in KEYWORDS and not name.startswith(".")]
    assert len(names) > 20
    return {name: extended(every, name) for name in names}


def written() -> dict[str, Any]:
    """Return all that the files of the pipeline say."""
    first: dict[str, Any] = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
    others = [yaml.safe_load((ROOT / entry["local"]).read_text()) for entry in first["include"]]
    assert {entry["local"] for entry in first["include"]} == {f".gitlab/{f.name}" for f in ROOT.glob(".gitlab/*.yml")}
    names = [name for part in (first, *others) for name in part]
    assert len(names) == len(set(names)), "a name that two files have"
    return {name: content for part in (first, *others) for name, content in part.items()}


def extended(every: dict[str, Any], name: str) -> dict[str, Any]:
    above = every[name].get("extends", [])
    made: dict[str, Any] = {}
    for parent in [above] if isinstance(above, str) else above:
        made = merged(made, extended(every, parent))
    return merged(made, every[name])


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {key: merged(one[key], other[key]) for key in one.keys() & other.keys() if isinstance(one[key], dict)}
    return {**one, **other, **both}


def test_each_job_is_one_line_that_is_there(jobs: dict[str, dict[str, Any]]) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for name, job in jobs.items():
        assert isinstance(job["script"], str), name
        program, first, *_ = [*job["script"].split(), ""]
        assert first in targets if program == "make" else (ROOT / program).exists(), name


def test_each_rule_that_lets_a_job_run_has_its_reason(jobs: dict[str, dict[str, Any]]) -> None:
    for name, job in jobs.items():
        let = [rule for rule in job["rules"] if rule.get("when") != "never"]
        assert let, name
        assert all(rule["variables"]["REASON"] for rule in let), name


def test_what_asks_aws_has_a_token_and_no_key(jobs: dict[str, dict[str, Any]]) -> None:
    asking = {name for name, job in jobs.items() if re.match(r"scripts/ci/(?!variables|changes)", job["script"])}
    assert asking >= RELEASE - {"settings of staging"} | ROLLBACKS | {"plan", "drift", "scan"}
    assert {name for name, job in jobs.items() if "id_tokens" in job} == asking
    assert "AWS_ACCESS_KEY" not in str(written())


def test_one_deploy_at_a_time_and_none_is_interrupted(jobs: dict[str, dict[str, Any]]) -> None:
    changing = {name: job for name, job in jobs.items() if re.match(r"(deploy|rollback|verify) ", name)}
    assert len(changing) == 6
    for name, job in changing.items():
        assert job["resource_group"] == job["environment"]["name"] == name.split()[1]
        assert job["interruptible"] is False


def test_only_the_image_and_the_deploy_are_environments_of_their_own(jobs: dict[str, dict[str, Any]]) -> None:
    starting = {name for name, job in jobs.items() if job.get("environment", {}).get("action", "start") == "start"}
    with_one = {name for name, job in jobs.items() if "environment" in job}
    assert starting & with_one == {"deploy staging", "deploy production", *ROLLBACKS}


def test_caches_are_keyed_by_the_pinned_requirements(jobs: dict[str, dict[str, Any]]) -> None:
    keys = [job["cache"]["key"]["files"] for job in jobs.values() if "cache" in job]
    assert len(keys) > 10
    for files in keys:
        assert files == ["docker/requirements.txt", "tests/requirements.txt"]
        assert all((ROOT / file).exists() for file in files)


def test_tests_report_in_gitlab_s_form(jobs: dict[str, dict[str, Any]]) -> None:
    for name in ("dags", "unit", "stack", "containers", "infrastructure"):
        report = f"--junitxml=.local/reports/{name}.xml"
        assert report in jobs[name]["variables"]["PYTEST_ADDOPTS"], name
        assert jobs[name]["artifacts"]["reports"]["junit"] == ".local/reports/*.xml"
    reports = jobs["unit"]["artifacts"]["reports"]["coverage_report"]
    assert f"xml:{reports['path']}" in jobs["unit"]["variables"]["PYTEST_ADDOPTS"]
    assert re.search(jobs["unit"]["coverage"].strip("/"), "TOTAL     5000    250    95%", re.MULTILINE)


def test_each_path_is_there() -> None:
    every = written()
    assert every[".paths"]["infrastructure"] == every[".test-paths"]["infrastructure"]
    groups = [*every[".paths"].values(), *every[".test-paths"].values()]
    patterns = [pattern for paths in groups for pattern in paths]
    assert len(patterns) > 20
    assert [pattern for pattern in patterns if not any(Path(ROOT).glob(pattern))] == []
