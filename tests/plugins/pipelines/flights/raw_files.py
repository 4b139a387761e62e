"""Raw files made by hand, as the ingest drops them: two months, three carriers, one of which never took off.

============  ====================================  =========
month, code   departure delays                      hour
============  ====================================  =========
2013-01 UA    0, 20, 4, cancelled                   6
2013-01 AA    10, 30                                18
2013-01 OO    cancelled                             18
2013-02 UA    -5, 25                                6
2013-02 AA    16                                    18
============  ====================================  =========

The weather: January at 6 calm and clear, January at 18 a storm without sight, February at 6
without a wind speed and hazy, February at 18 not known.
"""

import json
from collections import Counter

from pipelines.flights.raw import AIRLINES, FLIGHTS, WEATHER
from pipelines.lake import Lake

JANUARY, FEBRUARY = "raw/flights/2013-01.csv", "raw/flights/2013-02.csv"


def flight(carrier: str, month: int, hour: int, delay: int | None, number: int = 1, **changes: object) -> str:
    """Return a line of a flights CSV; without a delay the flight was cancelled."""
    times = (dep_time, arr_time) = (None, None) if delay is None else (hour * 100, hour * 100 + 200)
    assert len(times) == 2
    values = {
        **{"year": 2013, "month": month, "day": 1, "dep_time": dep_time, "sched_dep_time": hour * 100},
        **{"dep_delay": delay, "arr_time": arr_time, "sched_arr_time": hour * 100 + 200, "arr_delay": delay},
        **{"carrier": carrier, "flight": number, "tailnum": f"N{number}", "origin": "EWR", "dest": "IAH"},
        **{"air_time": None if delay is None else 120, "distance": 1400, "hour": hour, "minute": 0},
        "time_hour": f"2013-{month:02}-01T{hour + 5:02}:00:00Z",
    }
    return line(values | changes)


def weather(month: int, hour: int, wind_speed: float | None, visib: float) -> str:
    values = dict.fromkeys(WEATHER) | {"origin": "EWR", "year": 2013, "month": month, "day": 1, "hour": hour}
    return line(
        values | {"wind_speed": wind_speed, "visib": visib, "time_hour": f"2013-{month:02}-01T{hour + 5:02}:00:00Z"}
    )


def line(values: dict[str, object]) -> str:
    return ",".join("NA" if value is None else str(value) for value in values.values()) + "\n"


def put_month(lake: Lake, key: str, flights: list[str]) -> None:
    """Drop a month's CSV and its manifest."""
    carriers = Counter(text.split(",")[9] for text in flights)
    lake.write(key, (",".join(FLIGHTS) + "\n" + "".join(flights)).encode())
    lake.write(key.replace(".csv", ".json"), json.dumps({"rows": len(flights), "carriers": carriers}).encode())


def january() -> list[str]:
    united = [flight("UA", 1, 6, delay, number) for number, delay in enumerate((0, 20, 4, None), 1)]
    american = [flight("AA", 1, 18, delay, number) for number, delay in enumerate((10, 30), 1)]
    return [*united, *american, flight("OO", 1, 18, None)]


def february() -> list[str]:
    return [flight("UA", 2, 6, -5, 1), flight("UA", 2, 6, 25, 2), flight("AA", 2, 18, 16)]


def put_all(lake: Lake) -> None:
    put_month(lake, JANUARY, january())
    put_month(lake, FEBRUARY, february())
    header = ",".join(WEATHER) + "\n"
    lake.write("raw/weather/2013-01.csv", (header + weather(1, 6, 3, 10) + weather(1, 18, 42, 0.5)).encode())
    lake.write("raw/weather/2013-02.csv", (header + weather(2, 6, None, 2)).encode())
    names = "AA,American Airlines Inc.\nOO,SkyWest & Sons \nUA,United Air Lines Inc.\n"
    lake.write("raw/airlines.csv", (",".join(AIRLINES) + "\n" + names).encode())
