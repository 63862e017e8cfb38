# Copyright (c) 2026, the ovhcloud.vmware_encryption authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts below all servers of the lab: clock, journal, fault rules, HTTP."""

from __future__ import annotations

import contextlib
import gc
import http.client
import logging
import socket
import ssl
import warnings

import pytest
import requests

from ansible_collections.ovhcloud.vmware_encryption.tests.lab.clock import LabClock
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.faults import BROKEN_TLS, Faults
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.journal import Journal
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.pki import LOCAL_NAMES, Authority, server_context
from ansible_collections.ovhcloud.vmware_encryption.tests.lab.web import Described, Response, WebServers


class Counter:
    """An application that counts what took effect."""

    system = "counter"

    def __init__(self):
        self.bodies = []

    def describe(self, request):
        if request.path == "/bad-describe":
            raise KeyError("planted")
        if request.path == "/quiet":
            return Described("", "read")
        return Described(f"{request.method} {request.path}", "write", request.url, "someone")

    def handle(self, request):
        if request.path == "/bad":
            raise KeyError("planted")
        self.bodies.append(request.body)
        return Response(200, b'{"length": %d}' % len(request.body), {"Content-Type": "application/json"})

    def refusal(self, request):
        return Response(403, b"refused")

    def failure(self, request, rule):
        return Response(rule.status, b"failed")


class Site:
    """One server with its journal and faults."""

    def __init__(self, context=None):
        self.clock = LabClock()
        self.journal = Journal(self.clock)
        self.faults = Faults()
        self.app = Counter()
        self.servers = WebServers(self.journal, self.faults)
        self.port = self.servers.serve(self.app, context)
        self.url = f"http://localhost:{self.port}"

    def post(self, path="/thing", body=b"x", **options):
        return requests.post(self.url + path, data=body, timeout=60, **options)


@pytest.fixture
def site():
    made = Site()
    yield made
    made.servers.stop()


def test_clock_moves_and_tells():
    clock, moves = LabClock(), []
    clock.watch(lambda: moves.append(clock.offset))
    before = clock.now()
    clock.advance(3600)
    assert (clock.now() - before).total_seconds() >= 3600
    clock.advance(-600)
    assert moves == [3600, 3000]


def test_journal_counts_by_system_and_kind():
    journal = Journal(LabClock())
    journal.record("a", "GET /x", "read")
    mark = journal.mark()
    journal.record("a", "POST /x", "write", target="/x", status="200", actor="me")
    journal.record("b", "Login", "login")
    assert [entry.operation for entry in journal.writes()] == ["POST /x"]
    assert journal.count("a") == 2 and journal.count(operation="* /x", since=mark) == 1
    assert journal.summary(mark) == {
        "a": {"requests": 1, "read": 0, "write": 1, "login": 0, "logout": 0},
        "b": {"requests": 1, "read": 0, "write": 0, "login": 1, "logout": 0},
    }
    assert journal.as_data(mark)[0]["number"] == 1
    with pytest.raises(ValueError, match="kind"):
        journal.record("a", "x", "other")


def test_faults_are_used_up_in_order():
    faults = Faults()
    faults.add("status", system="a", operation="GET *", skip=1, times=2, status=429)
    assert faults.pick("b", "GET /x") is None
    assert faults.pick("a", "PUT /x") is None
    assert faults.pick("a", "GET /x") is None
    picked = faults.pick("a", "GET /x")
    assert picked is not None and picked.status == 429
    assert faults.pick("a", "GET /y") is not None
    assert faults.pick("a", "GET /z") is None
    faults.add("refuse")
    faults.clear()
    assert faults.pick("a", "GET /x") is None
    with pytest.raises(ValueError, match="unknown fault"):
        faults.add("explode")


def test_requests_are_journalled_with_their_url(site):
    assert site.post("/thing?a=%20b").json() == {"length": 1}
    entry = site.journal.entries()[0]
    assert (entry.operation, entry.kind, entry.status, entry.actor) == ("POST /thing", "write", "200", "someone")
    assert entry.target == site.url + "/thing?a=%20b"
    site.post("/quiet")
    assert site.journal.mark() == 1


@pytest.mark.parametrize("size", [1 << 20, 5 << 20])
def test_large_bodies(site, size):
    assert site.post(body=b"a" * size).json() == {"length": size}


def test_chunked_bodies(site):
    assert site.post(body=iter([b"ab", b"cd"])).json() == {"length": 4}


def test_https():
    authority = Authority("lab servers", LabClock())
    site = Site(server_context(*authority.leaf("localhost", "server", LOCAL_NAMES)))
    try:
        for host in LOCAL_NAMES:
            context = ssl.create_default_context(cadata=authority.certificate_pem)
            connection = http.client.HTTPSConnection(host, site.port, timeout=60, context=context)
            connection.request("GET", "/x")
            assert connection.getresponse().status == 200
            connection.close()
        assert site.journal.entries()[0].target == f"https://localhost:{site.port}/x"
    finally:
        site.servers.stop()


@pytest.mark.parametrize("action, effects", [("drop_before", 0), ("drop_after", 1)])
def test_dropped_connections_are_quiet(site, caplog, action, effects):
    site.faults.add(action, system="counter", operation="POST /thing")
    with caplog.at_level(logging.DEBUG), pytest.raises(requests.ConnectionError):
        site.post()
    assert len(site.app.bodies) == effects
    assert site.post().status_code == 200
    assert len(site.app.bodies) == effects + 1
    assert not [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert [entry.status for entry in site.journal.entries()] == ["200" if effects else action, "200"]


@pytest.mark.parametrize("action", BROKEN_TLS)
def test_broken_tls_after_the_request_is_a_tls_error(tmp_path, action):
    authority = Authority("lab servers", LabClock())
    ca_path = tmp_path / "ca.pem"
    ca_path.write_text(authority.certificate_pem)
    site = Site(server_context(*authority.leaf("localhost", "server", LOCAL_NAMES)))
    try:
        site.url = f"https://localhost:{site.port}"
        site.faults.add(action)
        with pytest.raises(requests.exceptions.SSLError):
            site.post(verify=str(ca_path))
        assert site.app.bodies == [b"x"]
        assert site.post(verify=str(ca_path)).json() == {"length": 1}
    finally:
        site.servers.stop()


def test_html_page_in_place_of_the_answer(site):
    site.faults.add("html", status=502)
    answer = site.post()
    assert answer.status_code == 502 and answer.headers["Content-Type"].startswith("text/html")
    assert answer.text.startswith("<html>") and site.app.bodies == []


def test_truncated_answer(site):
    site.faults.add("truncate")
    answer = site.post()
    assert answer.status_code == 200 and len(site.app.bodies) == 1
    with pytest.raises(ValueError):
        answer.json()


def test_too_many_requests(site):
    site.faults.add("status", status=429, retry_after=7, times=2)
    answers = [site.post() for _number in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7" and "Retry-After" not in answers[2].headers
    assert [entry.status for entry in site.journal.entries()] == ["429", "429", "200"]


def test_refusal_and_slow(site):
    site.faults.add("refuse")
    site.faults.add("slow", seconds=0.01)
    assert [site.post().status_code for _number in range(2)] == [403, 200]
    assert len(site.app.bodies) == 1


@pytest.mark.parametrize(
    ("action", "first"),
    [
        ("hang", b""),
        ("trickle_head", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Padding: "),
        ("trickle", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"),
        ("endless", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"),
        ("announced", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1099511627776\r\n\r\n"),
    ],
)
def test_answers_without_an_end_begin_as_usual(site, action, first):
    site.faults.add(action)
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as connection:
        connection.sendall(b"POST /thing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx")
        seen = b""
        while len(seen) < len(first):
            seen += connection.recv(len(first) - len(seen))
        while not site.journal.entries():  # one that hangs shows nothing of itself
            connection.settimeout(0.01)
            with contextlib.suppress(socket.timeout):
                seen += connection.recv(1)
    assert seen == first
    assert site.post().status_code == 200 and len(site.app.bodies) == 2


@pytest.mark.parametrize("path", ["/bad", "/bad-describe"])
def test_bugs_of_the_lab_are_seen(site, caplog, path):
    answer = site.post(path)
    assert answer.status_code == 500 and answer.text.startswith("lab error")
    assert [record.name for record in caplog.records if record.exc_info] == ["lab.web"]


def test_stop_does_not_wait_for_kept_alive_connections():
    site = Site()
    with requests.Session() as session:
        session.post(site.url + "/x", data=b"", timeout=60)
        site.servers.stop()
        with pytest.raises(requests.ConnectionError):
            session.post(site.url + "/x", data=b"", timeout=60)


def test_stop_leaves_no_transport_to_the_garbage_collector(monkeypatch):
    complaints: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", complaints.append)
    authority = Authority("lab servers", LabClock())
    context = ssl.create_default_context(cadata=authority.certificate_pem)
    site = Site(server_context(*authority.leaf("localhost", "server", LOCAL_NAMES)))
    with contextlib.ExitStack() as clients, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        # one without a handshake, one that is kept, one that does not say goodbye, one that the server cuts
        silent = clients.enter_context(socket.create_connection(("127.0.0.1", site.port)))
        for fault in (None, None, "drop_before"):
            connection = http.client.HTTPSConnection("localhost", site.port, context=context)
            clients.callback(connection.close)
            if fault:
                site.faults.add(fault)
            connection.request("GET", "/x")
            with contextlib.suppress(http.client.RemoteDisconnected, ConnectionError):
                connection.getresponse().read()
        site.servers.stop()
        assert silent.recv(1) == b""
        gc.collect()
    assert [str(one.message) for one in warned if "transport" in str(one.message)] == []
    assert complaints == []
