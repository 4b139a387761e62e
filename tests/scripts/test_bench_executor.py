"""The benchmark of the executor: its arguments, its plan, its stacks and its goals."""

import ast
from dataclasses import dataclass
from typing import Any

import pytest

from scripts import bench_executor
from scripts.executor_bench import dags, goals, stack
from scripts.executor_bench.goals import Goal
from scripts.executor_bench.plan import Case, Kind, cases


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--bad", "unrecognized arguments: --bad"),
        ("7", "unrecognized arguments: 7"),
        ("--tasks 0", "argument --tasks: '0' is not a whole number from 1 to 10000"),
        ("--tasks 300,x", "argument --tasks: 'x' is not a whole number from 1 to 10000"),
        ("--latency -1", "argument --latency: '-1' is not a whole number from 0 to 60000"),
        ("--runs 51", "argument --runs: '51' is not a whole number from 1 to 50"),
        ("--classes stock,theirs", "argument --classes: 'theirs' is none of stock, ours"),
        ("--parts speed", "argument --parts: 'speed' is none of launch, shared, adoption, failure"),
        ("--quick --full", "argument --full: not allowed with argument --quick"),
    ],
)
def test_an_illegal_argument_gets_one_line(arguments: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        bench_executor.parse(arguments.split())
    assert left.value.code == 2
    assert capsys.readouterr().err == f"error: {message}\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", ([300], [100], 5, ["launch", "shared", "adoption", "failure"])),
        ("--quick", ([300], [100], 1, ["launch"])),
        ("--full", ([300, 1000, 5000], [100, 500], 5, ["launch", "shared", "adoption", "failure"])),
        ("--full --runs 2 --latency 0", ([300, 1000, 5000], [0], 2, ["launch", "shared", "adoption", "failure"])),
        ("--tasks 50,20,50 --parts failure,launch", ([20, 50], [100], 5, ["launch", "failure"])),
    ],
)
def test_the_forms(arguments: str, expected: tuple[Any, ...]) -> None:
    options = bench_executor.parse(arguments.split())
    assert (options.tasks, options.latency, options.runs, options.parts) == expected


def test_the_plan() -> None:
    planned = cases([Kind.LAUNCH, Kind.FAILURE], [300, 1000], [100, 500])
    assert [case.title for case in planned] == [
        "300 mapped tasks, 100 ms a call",
        "1000 mapped tasks, 100 ms a call",
        "300 mapped tasks, 500 ms a call",
        "1000 mapped tasks, 500 ms a call",
        "the container of a running task dies",
    ]
    assert [case.runs("ours", 5) for case in planned] == [5, 5, 5, 5, 1]


@pytest.mark.parametrize(("count", "latency", "runs"), [(300, 500, 5), (1000, 500, 5), (1201, 500, 0), (5000, 500, 0)])
def test_stock_is_left_out_where_it_would_take_too_long(count: int, latency: float, runs: int) -> None:
    assert Case(Kind.LAUNCH, count, latency).runs("stock", 5) == runs


def test_the_dags_are_legal_and_have_these_sizes() -> None:
    source = dags.source((20, 300), holders=4)
    ast.parse(source)
    assert "for name, size, seconds in [('launch_20', 20, 0), ('launch_300', 300, 0), ('hold', 4, 3600)]:" in source


def test_both_classes_get_the_same_stack_but_for_the_class() -> None:
    stock, ours = (stack.settings(name, 4318) for name in ("stock", "ours"))
    assert {name for name in stock if stock[name] != ours[name]} == {"AIRFLOW__CORE__EXECUTOR"}
    assert ours["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor,FargateExecutor:fargate.executor.AwsFargateExecutor"
    assert stock["AIRFLOW__CORE__EXECUTOR"].endswith("ecs_executor.AwsEcsExecutor")


@dataclass
class Launched:
    """Figures of a launch, of which a test changes some."""

    seconds: float = 15.0
    refused: int = 0
    failed: int = 0
    memory: float = 200.0
    loop: float = 0.5

    def figures(self) -> dict[str, float]:
        same = {"floor": 14.0, "of_quota": 14.0 / self.seconds, "extra": 0, "loop_longest": 1.0}
        return {**vars(self), **same, "heartbeat_longest": 0.1, "cores_aws": 0.2}


SMALL, LARGE = Case(Kind.LAUNCH, 300, 100), Case(Kind.LAUNCH, 5000, 100)


def verdicts(ours: Launched, stock: float = 40.0, case: Case = SMALL) -> dict[str, bool | None]:
    taken = {case: {"stock": [Launched(seconds=stock).figures()], "ours": [ours.figures()]}}
    return {row.what.strip(): row.met for row in goals.rows(taken)}


@pytest.mark.parametrize(
    ("what", "good", "bad"),
    [
        ("to the last launch (s)", Launched(seconds=15.4), Launched(seconds=15.5)),
        ("launches refused by ECS", Launched(), Launched(refused=1)),
        ("tasks that did not succeed", Launched(), Launched(failed=1)),
        ("times as fast as stock", Launched(seconds=16), Launched(seconds=16.1)),
    ],
)
def test_a_goal_is_met_or_not(what: str, good: Launched, bad: Launched) -> None:
    assert (verdicts(good)[what], verdicts(bad)[what]) == (True, False)


def test_a_large_launch_is_judged_by_its_share_of_the_quota() -> None:
    assert verdicts(Launched(seconds=14.7), case=LARGE)["% of the quota"] is True
    assert verdicts(Launched(seconds=14.8), case=LARGE)["% of the quota"] is False
    assert verdicts(Launched(seconds=99), case=LARGE)["to the last launch (s)"] is None


def test_growth_is_judged_between_the_smallest_and_the_largest() -> None:
    taken = {
        SMALL: {"ours": [Launched().figures()]},
        LARGE: {"ours": [Launched(memory=250, loop=0.6).figures()]},
    }
    rows = {row.what.strip(): (row.ours, row.met) for row in goals.growth(taken)}
    assert rows == {
        "5000 tasks over 300, 100 ms a call": ("", None),
        "memory of the scheduler (times)": ("1.25", False),
        "a loop, mean (times)": ("1.20", True),
        "a heartbeat (times)": ("1.00", True),
    }


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    taken = {SMALL: {"stock": [Launched().figures()]}, Case(Kind.FAILURE): {"stock": [], "ours": []}}
    rows = goals.rows(taken)
    assert {row.met for row in rows} == {None}
    assert [row.ours for row in rows if row.what == "to the last launch (s)"] == [goals.NOTHING]
    assert rows[-1].what == "the container of a running task dies"


def test_the_median_counts() -> None:
    runs = [{"seen": 3.0}, {"seen": 90.0}, {"seen": 4.0}]
    [_, row] = goals.rows({Case(Kind.FAILURE): {"ours": runs}})
    assert (row.ours, row.goal, row.met) == ("4.0", "≤ 10.0", True)


@pytest.mark.parametrize(
    ("goal", "text", "met"),
    [(Goal(30), "≤ 30.0", (True, True, False)), (Goal(0), "0", (False, False, False)),
     (Goal(30, least=True), "≥ 30.0", (False, True, True))],
)  # fmt: skip
def test_goals(goal: Goal, text: str, met: tuple[bool, ...]) -> None:
    assert str(goal) == text
    assert tuple(goal.met(value) for value in (29, 30, 31)) == met


def test_the_table_shows_what_was_met() -> None:
    shown = bench_executor.table([goals.Row("all", "1 runs", "1 runs"), goals.Row("  a", "9", "3", "≤ 5", True)], 1)
    assert [list(column.cells) for column in shown.columns][3:] == [["", "≤ 5"], ["", "yes"]]
