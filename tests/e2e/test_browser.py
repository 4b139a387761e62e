"""The UI as a person uses it, in a real browser. Screenshots are kept in .local/screenshots/."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from infra.local.layout import ROOT
from tests.e2e.stack_under_test import StackUnderTest, eventually
from tests.e2e.test_new_dag_file import known_dags

pytestmark = pytest.mark.browser

SCREENSHOTS = ROOT / ".local" / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
WITHIN_MS = 30_000
SOON_S = 10

TALKS = """
import time

from airflow.sdk import dag, task


@dag(schedule=None)
def talks_on():
    @task(executor="FargateExecutor", retries=0)
    def talk():
        for number in range(12):
            print(f"line {number} at {time.time():.3f}")
            time.sleep(1)

    talk()


talks_on()
"""


@pytest.fixture(scope="module")
def browser_path() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.skip("needs Chromium on PATH; on Debian and Ubuntu: apt install chromium")
    return found


@pytest.fixture(scope="module")
def page(browser_path: str, stack: StackUnderTest) -> Iterator[Page]:
    """A page that is logged in."""
    expect.set_options(timeout=WITHIN_MS)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=QUIET)
        page = browser.new_page(viewport={"width": 1400, "height": 860}, base_url=stack.layout.airflow_url)
        page.set_default_timeout(WITHIN_MS)
        page.goto("/")
        keep(page, "login")
        page.fill("input[name=username]", "admin")
        page.fill("input[name=password]", "admin")
        page.click("[type=submit]")
        expect(page.get_by_text("Pool Slots")).to_be_visible()
        yield page
        browser.close()


def keep(page: Page, name: str) -> Path:
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path)
    return path


def test_a_wrong_password_is_refused(browser_path: str, stack: StackUnderTest) -> None:
    import urllib.error
    import urllib.request

    body = b'{"username": "admin", "password": "wrong"}'
    request = urllib.request.Request(
        f"{stack.layout.airflow_url}/auth/token", body, {"Content-Type": "application/json"}
    )
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request)


def test_the_list_shows_every_dag(page: Page) -> None:
    page.goto("/dags")
    for path in (ROOT / "dags").glob("*.py"):
        expect(page.get_by_test_id("dag-id").get_by_text(path.stem, exact=True)).to_be_visible()
    keep(page, "dags")


def test_map_labels_and_the_log_of_a_fargate_task(page: Page, run_id: str) -> None:
    page.goto(f"/dags/flight_delays/runs/{run_id}")
    expect(page.get_by_text("load_large [ ]").first).to_be_visible()
    keep(page, "run")
    page.goto(f"/dags/flight_delays/runs/{run_id}/tasks/load_large/mapped")
    for label in ("UA · United Air Lines Inc.", "DL · Delta Air Lines Inc.", "B6 · JetBlue Airways"):
        expect(page.get_by_text(label).first).to_be_visible()
    keep(page, "labels")
    page.get_by_text("UA · United Air Lines Inc.").first.click()
    expect(page.get_by_text("58665 flights of 58665 announced").first).to_be_visible()
    keep(page, "log")


def test_the_lines_of_a_running_task_appear_within_seconds(page: Page, stack: StackUnderTest) -> None:
    (stack.layout.dags / "talks_on.py").write_text(TALKS)
    eventually(lambda: "talks_on" in known_dags(stack), within=60)
    run, ages = stack.start("talks_on", "live"), {}
    page.goto("/dags/talks_on/runs/live/tasks/talk")
    while run.state in ("queued", "running"):
        said, seen = page.get_by_text(re.compile(r"line \d+ at ")).all_inner_texts(), time.time()
        run.refresh()
        if said and run.state == "running":  # still, so that this was not the log of its end
            ages[len(said)] = seen - float(said[-1].rpartition(" at ")[2])
            keep(page, "live")
        page.wait_for_timeout(500)
        assert run.seconds < 120, "the task did not end"
    assert len(ages) >= 3, "the page did not grow while the task ran"
    assert max(ages.values()) < SOON_S


def test_the_report_is_linked(page: Page, run_id: str, stack: StackUnderTest) -> None:
    page.goto(f"/dags/flight_delays/runs/{run_id}/tasks/write_report/details")
    page.get_by_role("link", name="Report", exact=True).click()
    report = newest(page)
    expect(report.get_by_role("heading", name="Flight delays, New York City")).to_be_visible()
    assert report.url.startswith(stack.layout.aws_url)
    assert report.locator("svg").count() == 5
    report.set_viewport_size({"width": 1200, "height": 1500})
    keep(report, "report")


def newest(page: Page) -> Page:
    page.wait_for_timeout(1000)  # the link may open a tab of its own
    return page.context.pages[-1]


def test_a_dag_is_scheduled_and_paused(page: Page, stack: StackUnderTest) -> None:
    page.goto("/dags/every_minute")
    switch = page.locator("[data-scope=switch][data-part=control]").first
    expect(switch).to_have_attribute("data-state", "unchecked")
    set_switch(switch, "checked")
    eventually(lambda: not stack.is_paused("every_minute"), within=10)  # the UI shows it first and asks then
    expect(page.get_by_text("Next Run")).to_be_visible()
    keep(page, "scheduled")
    set_switch(switch, "unchecked")
    eventually(lambda: stack.is_paused("every_minute"), within=10)


def set_switch(switch: Locator, state: str) -> None:
    switch.click()
    expect(switch).to_have_attribute("data-state", state)
