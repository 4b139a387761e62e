"""The goals: what each measure is compared with, and the rows of the table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from scripts.executor_bench.plan import LARGE, Case, Kind

Figures = Mapping[str, float]
Taken = Mapping[Case, Mapping[str, Sequence[Figures]]]
PARTS = ("scheduler", "api-server", "aws", "postgres", "others", "machine")
NOTHING = "–"  # was not measured


@dataclass(frozen=True)
class Row:
    """One line of the table; ``met`` is None where there is no goal, or nothing to judge."""

    what: str
    stock: str
    ours: str
    goal: str = ""
    met: bool | None = None


@dataclass(frozen=True)
class Goal:
    """The most, or else the least, that a figure may be."""

    limit: float
    least: bool = False
    digits: int = 1

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.limit:.{self.digits}f}" if self.limit else "0"

    def met(self, value: float) -> bool:
        return value >= self.limit if self.least else value <= self.limit


@dataclass(frozen=True)
class Measure:
    """A figure of a case, how it is shown, and its goal."""

    what: str
    value: Callable[[Figures], float]
    digits: int = 1
    goal: Goal | None = None

    def row(self, stock: Figures | None, ours: Figures | None) -> Row:
        met = self.goal.met(self.value(ours)) if self.goal and ours else None
        return Row(self.what, self._shown(stock), self._shown(ours), str(self.goal or ""), met)

    def _shown(self, figures: Figures | None) -> str:
        return f"{self.value(figures):.{self.digits}f}" if figures else NOTHING


def medians(runs: Sequence[Figures]) -> dict[str, float]:
    """Return the median of each figure; nothing of no runs."""
    return {name: median(run[name] for run in runs if name in run) for name in (runs[0] if runs else ())}


def measures(case: Case, figures: Figures) -> list[Measure]:
    """Return what is shown of a case. ``figures`` has its floor, which no class changes."""
    none = Goal(0)
    match case.kind:
        case Kind.FAILURE:
            return [Measure("kill -9 of a container, until Airflow saw the failure (s)", _of("seen"), 1, Goal(10))]
        case Kind.ADOPTION:
            return [
                Measure("kill -9 of the scheduler, until what it launched is adopted (s)", _of("adopted"), 1, Goal(30)),
                Measure("  tasks lost", _of("lost"), 0, none),
                Measure("  tasks started twice", _of("doubled"), 0, none),
            ]
        case Kind.SHARED:
            return [
                _time("to the last launch (s)", None),
                Measure("  % of the quota", lambda f: 100 * f["of_quota"], 0),
                Measure("  % of the tasks with the scheduler that had fewer", lambda f: 100 * f["least_share"], 0),
                Measure("  launches refused by ECS, and tried again", _of("refused"), 0),
                *_outcome(none),
            ]
    speed = Goal(1.1 * figures.get("floor", 0)) if case.count < LARGE else None
    share = Goal(95, least=True) if case.count >= LARGE else None
    return [
        _time("to the last launch (s)", speed),
        Measure("  % of the quota", lambda f: 100 * f["of_quota"], 0, share),
        Measure("  launches refused by ECS", _of("refused"), 0, none),
        *_outcome(none),
        Measure("  a loop of the scheduler, mean (s)", _of("loop"), 2),
        Measure("  a loop of the scheduler, longest (s)", _of("loop_longest"), 2),
        Measure("  a heartbeat of the executor, longest (s)", _of("heartbeat_longest"), 2),
        Measure("  memory of the scheduler, most (MiB)", _of("memory"), 0),
        *(_cores(part) for part in PARTS),
    ]


def _of(name: str) -> Callable[[Figures], float]:
    return lambda figures: figures[name]


def _time(what: str, goal: Goal | None) -> Measure:
    return Measure(what, _of("seconds"), 1, goal)


def _cores(part: str) -> Measure:
    return Measure(f"  cores busy: {part}", lambda figures: figures.get(f"cores_{part}", 0), 2)


def _outcome(none: Goal) -> list[Measure]:
    return [
        Measure("  tasks that did not succeed", _of("failed"), 0, none),
        Measure("  containers beyond one a task", _of("extra"), 0, none),
    ]


def rows(taken: Taken) -> list[Row]:
    """Return the whole table: for each case a title and its measures, then how they compare."""
    result: list[Row] = []
    for case, by_class in taken.items():
        of_stock, of_ours = by_class.get("stock", ()), by_class.get("ours", ())
        stock, ours = medians(of_stock) or None, medians(of_ours) or None
        result.append(Row(case.title, f"{len(of_stock)} runs", f"{len(of_ours)} runs"))
        result += [measure.row(stock, ours) for measure in measures(case, ours or stock or {}) if ours or stock]
        if case.kind is Kind.LAUNCH and stock and ours:
            result.append(_speedup(case, stock, ours))
    return result + growth(taken)


def _speedup(case: Case, stock: Figures, ours: Figures) -> Row:
    goal, times = Goal(2.5, least=True), stock["seconds"] / ours["seconds"]
    return Row("  times as fast as stock", "1.0", f"{times:.1f}", str(goal), goal.met(times))


def growth(taken: Taken) -> list[Row]:
    """Return by how much memory and loops are larger with the largest backlog than with the smallest."""
    result = []
    cases = [case for case in taken if case.kind is Kind.LAUNCH]
    for latency in sorted({case.latency for case in cases}):
        same = sorted((case for case in cases if case.latency == latency), key=lambda case: case.count)
        figures = [medians(taken[case].get("ours", ())) for case in same]
        if len(same) > 1 and figures[0] and figures[-1]:
            title = f"{same[-1].count} tasks over {same[0].count}, {latency:g} ms a call"
            result += [Row(title, "", ""), *_growth(figures[0], figures[-1])]
    return result


def _growth(small: Figures, large: Figures) -> list[Row]:
    goal = Goal(1.2)
    kinds = (("memory", "memory of the scheduler"), ("loop", "a loop, mean"), ("heartbeat_longest", "a heartbeat"))
    ratios = ((what, large[name] / small[name]) for name, what in kinds if small[name])
    return [Row(f"  {what} (times)", NOTHING, f"{ratio:.2f}", str(goal), goal.met(ratio)) for what, ratio in ratios]
