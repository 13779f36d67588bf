import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.core.errors import InvalidFile
from secops.discover.fingerprint.entry import Seen
from secops.discover.fingerprint.file import read, shipped
from secops.discover.fingerprint.literals import Literals
from secops.discover.fingerprint.match import Book, forms
from secops.discover.fingerprint.openset import word_of
from secops.discover.fingerprint.shelf import Shelf, facts_of, seen_of

BOOK = Book(shipped())


def names(headers=(), title="", generator="", body=b"", icon=None):
    return {hit.technology.name: hit for hit in BOOK.match(seen_of(headers, title, generator, body.lower(), icon))}


def test_our_set_is_large_and_says_where_it_comes_from():
    """At least 120 technologies, half of them domestic, each with its source; the unseen are marked so."""
    ours = shipped()
    assert len(ours) >= 120
    assert sum(each.domestic for each in ours) >= 100
    assert all(each.source for each in ours)
    assert [each.name for each in ours if each.verified and each.source in {"memory", ""}] == []


@pytest.mark.parametrize("technology", shipped(), ids=lambda each: each.name)
def test_every_sign_shows_its_technology(technology):
    """A reply made of nothing but one sign's parts is recognised by it."""
    for sign in technology.signs:
        values = dict(sign.headers) | ({"server": sign.server} if sign.server else {})
        values |= {"location": sign.location} if sign.location else {}
        values |= {"www-authenticate": f'basic realm="{sign.realm}"'} if sign.realm else {}
        cookies = (sign.cookie.replace("*", "x1"),) if sign.cookie else ()
        body = b"<html>" + b" ".join(forms(text)[-1] for text in sign.body) + b"x" * 2_000
        seen = Seen(sign.title, sign.generator, cookies, body, sign.icon, values)
        assert technology.name in {hit.technology.name for hit in BOOK.match(seen)}


def test_real_replies():
    """What real servers say is named with its version."""
    found = names([("server", "nginx/1.22.1")], "Welcome to nginx!")
    assert found["nginx"].version == "1.22.1"
    found = names([("server", "SimpleHTTP/0.6 Python/3.11.2")])
    assert found["Python http.server"].version == "0.6"
    assert found["Python"].version == "3.11.2"
    found = names([("set-cookie", "ecology_JSessionid=aaa; Path=/"), ("server", "WVS")])
    assert found["泛微 e-cology"].by == "cookie"
    assert found["Java"].by == "implied by 泛微 e-cology"


def test_all_parts_must_hold():
    """A sign of two texts needs both."""
    assert "万户 ezOFFICE" not in names(body=b"<a href='defaultroot'>" + b"x" * 100)
    assert "万户 ezOFFICE" in names(body=b"<a href='defaultroot/Logon!logon.action'>" + b"x" * 100)


def test_chinese_texts_in_both_encodings():
    """A Chinese text of a page is found whether the page is in UTF-8 or in GBK."""
    for codec in ("utf-8", "gb18030"):
        assert "金蝶天燕 Apusic" in names(body="<h1>欢迎使用Apusic应用服务器</h1>".encode(codec))


def test_icon_alone():
    """A known icon names its product."""
    assert [hit.technology.name for hit in BOOK.by_icon(116323821)] == ["Spring Boot"]
    assert BOOK.by_icon(1) == ()


def test_empty_page_shows_nothing():
    """An ordinary page that shows nothing gives nothing, not even words that contain a name."""
    assert names(body=b"<html><p>kingbase gbase concrete tubes besides</p></html>") == {}
    assert facts_of((), {}) == {}


def test_product_of_the_port_and_of_the_application():
    """A server's product replaces what the header said; an application's only fills a gap."""
    hits = BOOK.match(seen_of([("server", "TongWeb Server 7.0")], "Nacos", "", b""))
    assert facts_of(hits, {"service.product": "TongWeb Server"})["service.product"] == "TongWeb"
    hits = BOOK.match(seen_of([("server", "nginx")], "Nacos", "", b""))
    assert "service.product" not in facts_of(hits, {"service.product": "nginx"})
    assert facts_of(hits, {})["service.product"] == "Nacos"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.binary(min_size=4, max_size=12), min_size=1, max_size=30, unique=True),
    st.binary(max_size=300),
    st.data(),
)
def test_literals_find_what_find_finds(texts, noise, data):
    """The one-pass search answers as a search text by text."""
    page = noise + b"".join(data.draw(st.lists(st.sampled_from(texts), max_size=5))) + noise
    assert Literals(texts).find(page) == {n for n, text in enumerate(texts) if text in page}


def test_repeated_anchors_cost_little():
    """A page made of one product's rarest bytes is searched in milliseconds."""
    page = b"/ry-" * 65_000
    begun = time.perf_counter()
    BOOK.match(Seen(body=page))
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("- {name: x, category: cms, show: [{servr: a}]}", "1:36"),
        ("- {name: x, category: nosuch, show: [{server: a}]}", "1:23"),
        ("- {name: x, category: cms, show: []}", "1:3"),
        ("- {name: x, category: cms, show: [{body: abc}]}", "1:42"),
        ("- {name: x, category: cms, show: [{version: '(a)'}]}", "1:35"),
        ("- {name: x, category: cms, show: [{server: a, version: '(a)*(b)'}]}", "1:56"),
        ("- {name: x, category: cms, show: [{server: a, version: '.*(a'}]}", "1:56"),
        ("- {name: x, category: cms, show: [{icon: 4294967296}]}", "1:42"),
        ("- {name: x, category: cms, cpe: nonsense, show: [{server: a}]}", "1:33"),
        ("- {name: x, category: cms, verified: maybe, show: [{server: a}]}", "1:38"),
        ("name: x", "1:1"),
    ],
)
def test_faults_have_their_place(tmp_path, text, place):
    """Every fault of a fingerprint file is told with line and column."""
    path = tmp_path / "x.yaml"
    path.write_text(text + "\n")
    with pytest.raises(InvalidFile) as raised:
        read(path)
    assert raised.value.where == f"{path}:{place}"


OPEN = {
    "apps": {
        "Widget": {
            "cats": [1],
            "headers": {"Server": r"^widget(?:/([\d.]+))?\;version:\1"},
            "implies": [r"Gear\;confidence:50"],
        },
        "Gear": {
            "html": [r'<div class="gear-box[^"]*" data-v="([\d.]+)\;version:\1'],
            "cpe": "cpe:2.3:a:acme:gear:*:*:*:*:*:*:*:*",
        },
        "Track": {"scriptSrc": [r"track\.min\.js"], "cookies": {"trk": ""}},
        "Meta": {"meta": {"generator": [r"^Meta ([\d.]+)\;version:\1"]}},
        "Evil": {"html": ["(evil-a+)+$", "evil-text(x+x+)+y"], "headers": {"x": "("}},
        "Browser": {"js": {"window.x": ""}},
        "nginx": {"headers": {"Server": "nginx"}},
    }
}


@pytest.fixture
def shelf(tmp_path):
    path = tmp_path / "fingerprints_data.json"
    path.write_text(json.dumps(OPEN))
    made = Shelf()
    assert made.add(str(path)) == 7
    return made


def told(shelf, headers=(), body=b""):
    return {hit.technology.name: hit for hit in shelf.match(seen_of(headers, "", "", body.lower()))}


def test_open_set_is_read(shelf):
    """Headers, cookies, metas, scripts and pieces of the page are compared as the open set says."""
    found = told(
        shelf, [("server", "Widget/1.2"), ("set-cookie", "trk=1")], b"<meta name='generator' content='Meta 4.5'>"
    )
    assert (found["Widget"].version, found["Meta"].version) == ("1.2", "4.5")
    assert found["Gear"].by == "implied by Widget"
    assert "Track" in found
    page = b'<script src=\'/a/track.min.js\'></script><div class="gear-box x" data-v="3.1">' + b"x" * 2_000
    found = told(shelf, (), page)
    assert found["Gear"].version == "3.1"
    assert found["Gear"].told()["cpe"] == "cpe:/a:acme:gear:3.1"
    assert "Track" in found


def test_own_set_comes_first(shelf):
    """What both sets know is told once, by ours."""
    hits = shelf.match(seen_of([("server", "nginx/1.2")], "", "", b""))
    assert [hit.technology.source for hit in hits if hit.technology.name == "nginx"] == ["nginx of Debian 12"]


def test_patterns_that_could_hang_are_left_out(shelf):
    """A pattern with repetition inside repetition is refused, and an evil page costs nothing."""
    begun = time.perf_counter()
    assert "Evil" not in told(shelf, [("x", "a")], b"evil-" + b"a" * 200_000)
    assert time.perf_counter() - begun < 1
    assert shelf._open.left_out >= 2


@pytest.mark.parametrize(
    ("pattern", "word"),
    [
        (r"track\.min\.js", "track.min.js"),
        (r"jquery[.-]([\d.]*\d)[^/]*\.js\;version:\1", "jquery"),
        (r"/wp-(?:content|includes)/", "/wp-"),
        (r"colou?r-box", "r-box"),
        (r"abcd+efgh", "abcd"),
        (r"abcd{0,2}ef[^\]x]gh", ""),
        (r"one|other", ""),
        (r"\d+", ""),
        (r"//\?//{|}", ""),
    ],
)
def test_fixed_word_of_a_pattern(pattern, word):
    """The longest text that must be there is found, whatever else is optional."""
    assert word_of(pattern) == word


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"apps": 3}', "nonsense", "[" * 100_000])
def test_broken_open_set(tmp_path, text):
    """A broken file is refused with its name."""
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(InvalidFile, match=re.escape("E1426")):
        Shelf().add(str(path))


def test_no_open_set():
    """Without a path only our own set is used."""
    made = Shelf()
    assert made.add("") == 0
    assert made.match(Seen(values={"server": "nginx"}))
