"""Pages read a second on one core: encoding, title, filings, links and technologies of a portal's front page."""

import random
import time

from secops.core.model import Status
from secops.discover.collectors.http import describe
from secops.discover.collectors.http_reply import parse_head
from secops.discover.fingerprint.literals import Literals
from secops.discover.fingerprint.shelf import SHELF, seen_of
from tests.perf.bench import Figure

RUNS = 3
PAGES = 400
GOAL = 1_000
MATCH_MILLISECONDS = 0.3
_HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\nSet-Cookie: JSESSIONID=1; Path=/\r\n"
    b"X-Powered-By: PHP/7.4\r\n\r\n"
)
_TOP = (
    "<!doctype html><html><head><meta charset=utf-8><title>政务服务网</title>"
    "<script src='/js/jquery-3.6.0.min.js'></script>"
)
_ROW = (
    "<li class='item'><a href='/art/{n}.html' title='关于办理设备采购{n}的通知'>关于办理设备采购{n}的通知</a>"
    "<span>2026-01-{d:02}</span><img src='http://static{h}.example.cn/{n}.png'></li>\n"
)
_FOOT = "<p>粤ICP备20001927号-1 <a>粤公网安备 44011102003303号</a> 政府网站标识码：4400000131</p></html>"


def page(number: int) -> bytes:
    """A page of about 30 KB, another for each number."""
    chance = random.Random(number)
    rows = "".join(
        _ROW.format(n=chance.randrange(10**6), d=chance.randrange(1, 29), h=chance.randrange(20)) for _ in range(140)
    )
    return (_TOP + rows + _FOOT).encode()


def figures() -> list[Figure]:
    """Whole pages a second, and the milliseconds that naming the technologies takes of it."""
    head = parse_head(_HEAD)
    assert head is not None
    pages = [page(number) for number in range(PAGES)]
    assert len(SHELF.book.technologies) >= 120
    assert isinstance(SHELF.book._literals, Literals)
    rates, matches = [], []
    for _ in range(RUNS):
        begun = time.perf_counter()
        for each in pages:
            describe(head, each, Status.SUCCESS, tls=False, host="www.example.cn")
        rates.append(PAGES / (time.perf_counter() - begun))
        seen = [seen_of(head.headers, "政务服务网", "", each.lower()) for each in pages]
        begun = time.perf_counter()
        for one in seen:
            SHELF.match(one)
        matches.append((time.perf_counter() - begun) / PAGES * 1_000)
    size = f"{len(pages[0]) // 1024} KiB each, all different"
    count = f"{len(SHELF.book.technologies)} technologies"
    return [
        Figure.alone("pages", rates, unit="pages/s", goal=GOAL, note=size),
        Figure.alone("technologies", matches, unit="ms", goal=MATCH_MILLISECONDS, least=False, note=count),
    ]
