"""What nginx adds to answers, refuses, limits and writes down."""

import json
import re
import ssl
import time
from collections.abc import Callable

import pytest

from tests.docker.ask import SELF, STRANGER, WORKER, Reply, any_certificate, ask, connect
from tests.docker.proxy import DOMAIN, Proxy

LOGIN = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def proxy(make_proxy: Callable[..., Proxy]) -> Proxy:
    return make_proxy(EXECUTION_NETWORKS=f"{WORKER}/32", LOGIN_RATE="6r/m", LOGIN_BURST="2", MAX_REQUEST_SIZE="64k")


def logged(proxy: Proxy, reply: Reply) -> dict[str, str]:
    """Return the line of the log, which is written when the answer has gone."""
    for _ in range(50):
        lines: list[dict[str, str]] = [json.loads(line) for line in proxy.log.read_text().splitlines()]
        for line in lines:
            if line["request_id"] == reply.headers["x-request-id"]:
                return line
        time.sleep(0.05)
    raise LookupError(reply.headers["x-request-id"])


@pytest.mark.parametrize("path", ["/", "/api/v2/dags", "/auth/login/", "/execution/x"])
def test_every_answer_has_the_security_headers(proxy: Proxy, path: str) -> None:
    headers = ask(proxy, path).headers
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert ("script-src 'self' 'unsafe-inline'" in headers["content-security-policy"]) == path.startswith("/auth/")
    assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])
    assert re.fullmatch("nginx|", headers.get("server", ""))


def test_too_many_logins_are_told_when_to_come_back(proxy: Proxy) -> None:
    replies = [ask(proxy, "/auth/token", "POST", headers=LOGIN, body=b"{}") for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert replies[-1].headers["retry-after"] == "60"
    assert SELF in replies[-1].json["detail"]
    assert ask(proxy, "/auth/%74oken/cli", "POST", headers=LOGIN, body=b"{}").status == 429
    assert ask(proxy, "/auth/login/", "POST", headers=LOGIN, body=b"{}").status == 429
    # neither reading the form nor another sender counts
    assert ask(proxy, "/auth/login/").status == 200
    assert ask(proxy, "/auth/token", "POST", sender=STRANGER, headers=LOGIN, body=b"{}").status == 200


def test_a_request_has_a_largest_size(proxy: Proxy) -> None:
    assert ask(proxy, "/api/v2/variables/x", "PUT", body=b"x" * 60_000).json["size"] == 60_000
    assert ask(proxy, "/api/v2/variables/x", "PUT", body=b"x" * 70_000).status == 413


def test_lines_are_sent_as_they_come(proxy: Proxy) -> None:
    connection = connect(proxy)
    started = time.monotonic()
    connection.request("GET", "/ui/grid/lines?count=4", headers={"Host": DOMAIN})
    answer = connection.getresponse()
    assert json.loads(answer.readline()) == {"line": 0}
    first = time.monotonic() - started
    assert len(answer.read().splitlines()) == 3
    connection.close()
    assert first < 0.5 < 1.5 < time.monotonic() - started


def test_the_log_has_a_line_for_each_request_and_no_secret(proxy: Proxy) -> None:
    secret = {"Authorization": "Bearer s3cr3t-bearer", "Cookie": "_token=s3cr3t-cookie", "Referer": "/x?t=s3cr3t-ref"}
    served = ask(proxy, "/api/v2/dags?token=s3cr3t-query", headers=secret)
    refusal = ask(proxy, "/execution/connections/x?token=s3cr3t-query", sender=STRANGER, headers=secret)
    line, refused = logged(proxy, served), logged(proxy, refusal)
    assert (line["path"], line["colour"], line["sender"], line["status"]) == ("/api/v2/dags", "blue", SELF, "200")
    assert float(line["upstream_seconds"]) >= 0
    assert (refused["path"], refused["sender"]) == ("/execution/connections/x", STRANGER)
    assert (refused["status"], refused["upstream_status"]) == ("403", "")
    everything = proxy.log.read_text() + (proxy.folder / "nginx.out").read_text()
    assert "s3cr3t" not in everything


def test_an_error_is_in_the_log_without_its_query(make_proxy: Callable[..., Proxy]) -> None:
    alone = make_proxy(BLUE_PORT="1")
    reply = ask(alone, "/api/v2/dags?token=s3cr3t-query")
    assert (reply.status, logged(alone, reply)["upstream_status"]) == (502, "502")
    assert "s3cr3t" not in (alone.folder / "nginx.out").read_text()


@pytest.mark.parametrize(
    ("version", "ok"),
    [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_is_1_2_or_1_3(proxy: Proxy, version: ssl.TLSVersion, ok: bool) -> None:
    context = any_certificate()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    if ok:
        connect(proxy, context=context).close()
    else:
        with pytest.raises(ssl.SSLError):
            connect(proxy, context=context)


def test_browsers_get_http_2(proxy: Proxy) -> None:
    context = any_certificate()
    context.set_alpn_protocols(["h2", "http/1.1"])
    connection = connect(proxy, context=context)
    assert isinstance(connection.sock, ssl.SSLSocket)
    assert connection.sock.selected_alpn_protocol() == "h2"
    connection.close()


def test_maintenance_is_for_people_and_programs_but_not_for_workers(make_proxy: Callable[..., Proxy]) -> None:
    proxy = make_proxy(EXECUTION_NETWORKS=f"{WORKER}/32")
    proxy.call("nginx_switch blue maintenance; nginx_drain 5")
    assert proxy.call("nginx_state; nginx_colour").stdout.split() == ["maintenance", "blue"]

    for path, kind in {"/": "text/html", "/dags/x": "text/html", "/auth/login/": "text/html"}.items():
        reply = ask(proxy, path)
        assert (reply.status, reply.headers["content-type"], reply.headers["retry-after"]) == (503, kind, "60")
        assert "being upgraded" in reply.text
    for path in ("/api/v2/dags", "/ui/config", "/ui/grid/lines", "/auth/token"):
        reply = ask(proxy, path, "POST")
        assert (reply.status, reply.headers["content-type"], reply.headers["retry-after"]) == (
            503,
            "application/json",
            "60",
        )
        assert "being upgraded" in reply.json["detail"]
    assert ask(proxy, "/execution/connections/x", sender=WORKER).status == 200
    assert ask(proxy, "/execution/connections/x", sender=STRANGER).status == 403
    assert ask(proxy, "/%65xecution/../api/v2/dags", sender=WORKER).status == 503
    assert ask(proxy, "/api/v2/version", host="10.0.0.1", sender=STRANGER).status == 200
    assert ask(proxy, "/execution/health", host="10.0.0.1", sender=WORKER).status == 200

    proxy.call("nginx_switch blue serving; nginx_drain 5")
    assert ask(proxy, "/api/v2/dags").status == 200
    assert "retry-after" not in ask(proxy, "/").headers


def test_a_load_balancer_keeps_a_host_that_shows_the_page_without_an_api_server(
    make_proxy: Callable[..., Proxy],
) -> None:
    proxy = make_proxy(BLUE_PORT="1", EXECUTION_NETWORKS=f"{WORKER}/32")
    health = ("/api/v2/version", "/execution/health")
    for path in health:
        assert ask(proxy, path, host="10.0.0.1", sender=WORKER).status == 502
        assert ask(proxy, path, sender=WORKER).status == 502

    proxy.call("nginx_switch blue maintenance")
    for path in health:
        for reply in (ask(proxy, path, host="10.0.0.1", sender=WORKER), ask(proxy, path, sender=WORKER)):
            assert (reply.status, reply.json) == (200, {"maintenance": True})
    assert ask(proxy, "/execution/health", sender=STRANGER).status == 403
    assert ask(proxy, "/").status == 503
    assert ask(proxy, "/execution/connections/x", sender=WORKER).status == 502
