from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from threading import Thread

import pytest

from benchmarks.load_client import AnsweredOtherwise, Load, applied, is_whole, requests
from benchmarks.quantiles import quantile


def load(*clients, **given):
    return Load(**{"seconds": 0.2, "method": "POST", "clients": clients, "each": 2, "expected": 201, **given})


def heads(load, number=0, most=100):
    return [request.decode().partition("\r\n\r\n")[0].split("\r\n") for request in islice(requests(load, number), most)]


def test_each_path_is_asked_as_often_as_it_should_be_and_then_the_client_is_done():
    asked = [head[0] for head in heads(load((80, ["/a", "/b"])))]

    assert asked == ["POST /a HTTP/1.1"] * 2 + ["POST /b HTTP/1.1"] * 2


def test_a_client_that_goes_on_begins_again_after_the_last_path():
    asked = [head[0] for head in heads(load((80, ["/a", "/b"]), each=1, again=True), most=3)]

    assert asked == ["POST /a HTTP/1.1", "POST /b HTTP/1.1", "POST /a HTTP/1.1"]


def test_no_two_requests_have_the_same_idempotency_key():
    keyed = load((80, ["/a"]), (80, ["/b"]), each=50, keyed="round")

    keys = [line for number in range(2) for head in heads(keyed, number) for line in head if "Idempotency" in line]

    assert len(keys) == len(set(keys)) == 100


@pytest.mark.parametrize(
    ("received", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Le", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length:2\r\nX-A: b\r\n\r\n{}", True),
    ],
)
def test_an_answer_is_whole_with_all_of_its_body(received, whole):
    assert is_whole(received) is whole


def test_an_answer_that_does_not_tell_its_length_is_refused():
    with pytest.raises(AnsweredOtherwise):
        is_whole(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")


@contextmanager
def server(status: int) -> Iterator[tuple[int, Counter[str]]]:
    """The port of a server that answers everything with a status, and what it was asked."""
    asked: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked[f"{self.path} {body.decode()}"] += 1
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = Thread(target=listening.serve_forever)
        thread.start()
        yield listening.server_address[1], asked
        listening.shutdown()
        thread.join()


def test_it_counts_what_the_server_answered():
    with server(201) as (port, asked):
        seen = applied(load((port, ["/a"]), (port, ["/b"]), each=3, seconds=30.0, body="{}"))

    assert asked == {"/a {}": 3, "/b {}": 3}
    assert seen.done == 6
    assert 0 < seen.p50 <= seen.p99 <= seen.seconds


def test_an_answer_of_another_kind_ends_the_run():
    with server(500) as (port, _), pytest.raises(AnsweredOtherwise, match="500"):
        applied(load((port, ["/a"]), body="{}"))


def test_a_quantile_is_the_smallest_value_that_this_part_does_not_exceed():
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile(range(1, 101), 0.99) == 99
    assert quantile([7.0], 0.99) == 7.0
