"""Start a DAG run through Airflow's REST API, once however often it is asked for.

The id of the run is made from the conf and the --key: the same two again are the same run,
and no second one is started. Give what makes a run unique as the key, such as the day.

exit codes: 0 started (with --wait: succeeded), 1 the run failed, 2 wrong usage, 3 --wait ran
out of time, 4 unknown DAG, 5 paused DAG, 6 conf refused, 7 server not reached, 8 login
refused, 9 the run id exists with another conf, 10 another answer of the API.

example: scripts/trigger flight_delays carriers='["UA"]' --key 2026-11-21 --wait
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence

from airflow_client.client.exceptions import ApiException

from scripts.airflow_api import Airflow, Exit, Problem, tell
from scripts.conf import read_conf, run_id
from scripts.dag_run import DagRun, start
from scripts.failures import report_failures
from scripts.run_progress import Progress


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    run = None
    try:
        conf = read_conf(options.conf, options.conf_file, options.pairs)
        airflow = Airflow(options.url, options.username, options.password)
        run = start(airflow, options.dag_id, options.run_id or run_id(conf, options.key), conf,
                    unpause=options.unpause, run_after=options.run_after)  # fmt: skip
        _say(run, options.json)
        code = _wait(run, options.timeout) if options.wait else Exit.SUCCESS
    except (Problem, ApiException) as error:
        code = tell(error)
    if options.json and run:
        print(json.dumps(run.as_json(), indent=2, default=str))
    return code


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    usage, _, epilog = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="scripts/trigger",
        description=usage,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("dag_id")
    parser.add_argument(
        "pairs", nargs="*", metavar="name=value", help="an entry of the conf; the value is JSON or text"
    )
    parser.add_argument("--conf", help="the conf as a JSON object")
    parser.add_argument("--conf-file", help="a file with the conf as a JSON object; - is stdin")
    parser.add_argument("--key", default="", help="what makes this run unique, besides its conf")
    parser.add_argument("--run-id", help="the whole run id, instead of one made from conf and key")
    parser.add_argument(
        "--run-after", help="ISO time before which it shall not start; a past one goes ahead of the queue"
    )
    parser.add_argument("--unpause", action="store_true", help="unpause a paused DAG, after this run is queued")
    parser.add_argument("--wait", action="store_true", help="wait for the end, with a progress display")
    parser.add_argument("--timeout", type=float, default=3600, metavar="S", help="seconds to wait (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print the run and its tasks as JSON")
    port = os.environ.get("AIRFLOW_PORT") or "8080"
    environment = os.environ.get
    parser.add_argument("--url", default=environment("AIRFLOW_URL", f"http://127.0.0.1:{port}"), help="AIRFLOW_URL")
    parser.add_argument("--username", default=environment("AIRFLOW_USERNAME", "admin"), help="AIRFLOW_USERNAME")
    parser.set_defaults(password=environment("AIRFLOW_PASSWORD", "admin"))
    return parser.parse_intermixed_args(arguments)


def _say(run: DagRun, as_json: bool) -> None:
    verb = "started" if run.created else "was started before"
    print(f"{run.dag_id} {run.run_id} {verb}: {run.url}", file=sys.stderr if as_json else sys.stdout, flush=True)


def _wait(run: DagRun, timeout: float) -> int:
    with Progress(f"{run.dag_id} {run.run_id}") as progress:
        state = run.wait(timeout, progress.show)
    print(f"{state} after {run.seconds:.1f} s", file=sys.stderr)
    if state == "success":
        return Exit.SUCCESS
    report_failures(run)
    return Exit.RUN_FAILED


if __name__ == "__main__":
    sys.exit(main())
