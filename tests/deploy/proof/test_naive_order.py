"""To stop the old release and to start the new one, under the same load: the counter of the proof sees what is lost."""

import json
import time
from pathlib import Path

import pytest

from tests.deploy.proof.figures import load, write
from tests.deploy.proof.people import Caller
from tests.deploy.proof.site import NEW, Site

pytestmark = pytest.mark.timeout(900)

LONG_S = 20
# what deploy.sh does, in the order that comes to mind first
NAIVE = """
set -euo pipefail
. "$AIRFLOW_HOST_DIR/scripts/deploy/all.sh"
state
read_settings
IMAGE=$1 FROM=$(serving_colour) TO=$(other "$FROM")
pull "$IMAGE"
RELEASE=$(release_of "$IMAGE")
tool "$IMAGE" secrets | unpack_secrets "$TO"
take_colour "$TO"
remove "$FROM"
start "$TO" "${SERVICES[@]}"
until_healthy "$TO" "${SERVICES[@]}"
nginx_switch "$TO" serving
"""


def test_the_naive_order_loses_requests(site: Site, tmp_path: Path) -> None:
    image, caller, counted = site.build(NEW), Caller(site.host), tmp_path / "load.json"
    with load(site.host, caller, LONG_S, counted):
        time.sleep(10)
        began = time.monotonic()
        result = site.host.bash(NAIVE, image)
        seconds = time.monotonic() - began
        assert result.returncode == 0, result.stderr[-3000:]
        time.sleep(10)
    counts = json.loads(counted.read_text())
    print(json.dumps(counts, indent=2))
    write("stop, then start", counts, {"seconds": [seconds]})
    assert counts["failed"] > 1000
    site.serves(NEW)
