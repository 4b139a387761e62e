"""Who may ask for what: the Execution API, what is for the host only, names, and what proxies may claim."""

import http.client
import urllib.request
from collections.abc import Callable
from unittest.mock import patch

import pytest

from infra.host import heartbeat
from tests.docker.ask import LOAD_BALANCER, SELF, STRANGER, WORKER, ask, ask_http
from tests.docker.colours import Colours
from tests.docker.proxy import DOMAIN, Proxy

SPELLINGS = [
    "/execution/connections/x",
    "/%65xecution/connections/x",
    "/execution%2Fconnections%2Fx",
    "/%2Fexecution/connections/x",
    "//execution/connections/x",
    "/x/../execution/connections/x",
    "/x/%2e%2e/execution/connections/x",
    "/./execution/connections/x",
    "/api/v2/../../execution/connections/x",
    "/auth/token/../../execution/connections/x",
    "/execution//connections/x",
    "/execution/health/../connections/x",
    f"https://{DOMAIN}/execution/connections/x",
    "/execution/connections/x?a=/ui/",
    "/execution/connections/x#/ui/",
    "/execution/connections/logs/x",
    "/execution",
]


@pytest.fixture(scope="module")
def proxy(make_proxy: Callable[..., Proxy]) -> Proxy:
    return make_proxy(EXECUTION_NETWORKS=f"{WORKER}/32", TRUSTED_PROXIES=f"{LOAD_BALANCER}/32")


@pytest.mark.parametrize("path", SPELLINGS)
def test_no_spelling_leads_a_stranger_to_the_execution_api(proxy: Proxy, path: str) -> None:
    assert "reached" not in ask(proxy, path, sender=STRANGER).text


def test_spellings_would_lead_there_without_nginx(colours: Colours) -> None:
    """The list above is worth something: the api-server decodes what it is sent."""
    reached = set()
    for path in SPELLINGS[:3]:
        with urllib.request.urlopen(f"http://127.0.0.1:{colours.ports['blue']}{path}") as answer:
            reached.add(b"reached" in answer.read())
    assert reached == {True}


def test_the_refusal_says_why(proxy: Proxy) -> None:
    reply = ask(proxy, "/execution/connections/x", sender=STRANGER)
    assert (reply.status, reply.headers["content-type"]) == (403, "application/json")
    assert "EXECUTION_NETWORKS" in reply.json["detail"]
    assert STRANGER in reply.json["detail"]


def test_workers_reach_the_execution_api(proxy: Proxy) -> None:
    assert ask(proxy, "/execution/connections/x", sender=WORKER).json == {"reached": "execution api"}


@pytest.mark.parametrize(
    ("sender", "claim", "status"),
    [
        (STRANGER, WORKER, 403),
        (LOAD_BALANCER, WORKER, 200),
        (LOAD_BALANCER, STRANGER, 403),
        # the load balancer adds whom it sees to what was claimed
        (LOAD_BALANCER, f"{WORKER}, {STRANGER}", 403),
        (LOAD_BALANCER, f"{STRANGER}, {WORKER}", 200),
        # one load balancer behind another
        (LOAD_BALANCER, f"{WORKER}, {LOAD_BALANCER}", 200),
    ],
)
def test_only_a_load_balancer_speaks_for_others(proxy: Proxy, sender: str, claim: str, status: int) -> None:
    reply = ask(proxy, "/execution/connections/x", sender=sender, headers={"X-Forwarded-For": claim})
    assert reply.status == status


def test_the_api_server_learns_of_one_sender_and_no_claims(proxy: Proxy) -> None:
    claims = {"X-Forwarded-For": f"6.6.6.6, {STRANGER}", "X-Real-IP": "6.6.6.6", "Forwarded": "for=6.6.6.6"}
    claims |= {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "X-Request-ID": "given-by-client"}
    received = ask(proxy, "/api/v2/dags", sender=LOAD_BALANCER, headers=claims).json["headers"]
    assert received["x-forwarded-for"] == STRANGER
    assert received["x-forwarded-proto"] == "https"
    assert received["host"] == f"{DOMAIN}:{proxy.ports['HTTPS_PORT']}"
    assert received["x-request-id"] == "given-by-client"
    assert {"x-real-ip", "forwarded", "x-forwarded-host"}.isdisjoint(received)


def test_the_colour_is_for_this_host(proxy: Proxy) -> None:
    reply = ask(proxy, "/nginx-colour", host="127.0.0.1")
    assert (reply.status, reply.text) == (200, "blue\n")
    assert reply.headers["x-nginx-generation"].startswith("serving.")
    assert ask_http(proxy, "/nginx-colour", host="127.0.0.1").text == "blue\n"
    for claim in ({}, {"X-Forwarded-For": SELF}):
        reply = ask(proxy, "/nginx-colour", sender=LOAD_BALANCER, headers=claim)
        assert reply.status == 404
        assert "x-nginx-generation" not in reply.headers


def test_the_alarm_of_the_heartbeat_gets_its_answer(proxy: Proxy) -> None:
    with patch.object(heartbeat, "PORT", proxy.ports["HTTPS_PORT"]):
        assert b'"path":"/api/v2/monitor/health"' in heartbeat.health(DOMAIN)


def test_the_health_of_all_is_for_this_host_and_for_who_is_logged_in(proxy: Proxy) -> None:
    path = "/api/v2/monitor/health"
    assert ask(proxy, path, sender=STRANGER).status == 401
    assert ask(proxy, path, sender=LOAD_BALANCER, headers={"X-Forwarded-For": SELF}).status == 401
    assert ask(proxy, path, sender=STRANGER, headers={"Cookie": "_token=t"}).status == 200
    assert ask(proxy, "/logged-in", sender=STRANGER).status == 404


def test_an_unknown_name_gets_health_and_nothing_else(proxy: Proxy) -> None:
    assert ask(proxy, "/api/v2/version", host="10.0.0.1", sender=STRANGER).json["path"] == "/api/v2/version"
    assert ask(proxy, "/execution/health", host="10.0.0.1", sender=WORKER).json == {"status": "healthy"}
    assert ask(proxy, "/execution/health", host="10.0.0.1", sender=STRANGER).status == 403
    for path in ("/", "/api/v2/dags", "/execution/connections/x"):
        assert ask(proxy, path, host="evil.example", sender=WORKER).status == 421


def test_http_leads_to_https(proxy: Proxy) -> None:
    reply = ask_http(proxy, "/dags?tags=x")
    assert (reply.status, reply.headers["location"]) == (301, f"{proxy.target.url}/dags?tags=x")
    with pytest.raises(http.client.RemoteDisconnected):
        ask_http(proxy, "/", host="evil.example")
