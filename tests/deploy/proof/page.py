"""What people, programs and load balancers are answered while a deploy is under way, asked four times a second."""

import ssl
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.deploy.host_under_test import DOMAIN, HostUnderTest

EVERY_S = 0.25
# of whom: by which name they ask, and for what; workers ask for their health as load balancers do
ASKED = {
    "people": (DOMAIN, "/"),
    "programs": (DOMAIN, "/api/v2/dags"),
    "balancer": ("10.0.0.1", "/api/v2/version"),
    "workers": ("10.0.0.1", "/execution/health"),
}
UNREACHABLE = 0


@dataclass
class Page:
    """``with`` begins and ends it. ``answers`` has each status in order, of each who asks, with its time."""

    host: HostUnderTest
    answers: dict[str, list[tuple[datetime, int]]] = field(default_factory=lambda: {who: [] for who in ASKED})
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Page":
        self._thread = threading.Thread(target=self._watch, name="page", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def statuses(self, who: str) -> list[int]:
        """Return the statuses in their order, each once in a row."""
        found = [status for _, status in self.answers[who]]
        return [now for before, now in zip([None, *found], found, strict=False) if now != before]

    @property
    def up(self) -> tuple[datetime, datetime]:
        """When people got the page for the first and for the last time."""
        times = [time for time, status in self.answers["people"] if status == 503]
        return times[0], times[-1]

    @property
    def seconds(self) -> float:
        first, last = self.up
        return (last - first).total_seconds()

    def _watch(self) -> None:
        while not self._stop.wait(EVERY_S):
            for who in ASKED:
                self.answers[who].append((datetime.now(UTC), asked(self.host, who)))


def asked(host: HostUnderTest, who: str) -> int:
    """Return the status that somebody gets."""
    name, path = ASKED[who]
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    request = urllib.request.Request(f"https://127.0.0.1:{host.https_port}{path}")
    request.add_header("Host", f"{name}:{host.https_port}")
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return UNREACHABLE


def until(host: HostUnderTest, who: str, status: int, within: float = 30) -> None:
    end = time.monotonic() + within
    while (now := asked(host, who)) != status:
        assert time.monotonic() < end, f"{who} get {now}, and not {status}"
        time.sleep(0.2)
