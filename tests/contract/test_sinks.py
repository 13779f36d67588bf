"""What every sink promises, held against each: the file, and a real Elasticsearch where one can be started."""

import json
import uuid

import pytest

from secops.core.errors import SinkError, UsageError
from secops.core.letter import Letter, Outcome, Stream
from secops.deliver.sinks import templates
from secops.deliver.sinks.elasticsearch import Access, ElasticsearchSink
from secops.deliver.sinks.jsonl import JsonlSink

pytestmark = pytest.mark.contract


def letter(seq, id, *, doubtful=False, stream=Stream.ALERTS, version=1, **more):
    body = {"@timestamp": "2026-01-01T00:00:00.000+00:00", "event": {"id": id, "kind": "alert"}, **more}
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return Letter(seq, "x", stream, id, version, text, 0, doubtful)


@pytest.fixture
def names():
    """Ids nobody used before."""
    stem = uuid.uuid4().hex
    return [f"fnd-{stem}{n}:1" for n in range(6)]


class Place:
    """A sink together with a way to see what arrived."""

    def __init__(self, make, seen):
        self.make, self.seen = make, seen


@pytest.fixture(params=["jsonl", "elasticsearch"])
def place(request, tmp_path):
    if request.param == "jsonl":
        path = tmp_path / "alerts.jsonl"

        def seen():
            return [json.loads(line)["event"]["id"] for line in path.read_bytes().decode().split("\n") if line]

        return Place(lambda: JsonlSink(path), seen)
    server = request.getfixturevalue("elasticsearch")
    return Place(lambda: ElasticsearchSink(Access(server.url)), lambda: server.ids(templates.STREAM))


def outcomes(receipts):
    return {each.seq: each.outcome for each in receipts}


def test_every_letter_gets_one_receipt_and_arrives(place, names):
    """A batch arrives whole, with one receipt per letter."""
    sink = place.make()
    sink.open()
    receipts = sink.send([letter(n, name) for n, name in enumerate(names)])
    assert outcomes(receipts) == dict.fromkeys(range(len(names)), Outcome.DELIVERED)
    assert set(names) <= set(place.seen())
    sink.close()


def test_opening_again_changes_nothing(place, names):
    """Opening twice, and once more in a new process, is harmless."""
    for _ in range(2):
        sink = place.make()
        sink.open()
        sink.open()
        sink.send([letter(1, names[0], doubtful=True)])
        sink.close()
    assert place.seen().count(names[0]) == 1


def test_doubtful_letters_are_looked_for(place, names):
    """Of doubtful letters those that are there stay once, the others arrive."""
    sink = place.make()
    sink.open()
    sink.send([letter(1, names[0]), letter(2, names[1])])
    sink.close()
    sink = place.make()
    sink.open()
    receipts = sink.send([letter(n, name, doubtful=True) for n, name in enumerate(names[:4], 1)])
    assert set(outcomes(receipts).values()) == {Outcome.DELIVERED}
    seen = place.seen()
    assert [seen.count(name) for name in names[:4]] == [1, 1, 1, 1]
    sink.close()


def test_hostile_text_arrives_as_it_is(place, names):
    """Line ends, escape codes and quotes inside a document neither break a line nor end one."""
    sink = place.make()
    sink.open()
    message = 'a\nb\r\x1b[31m"}\u2028\u0000{"event":{"id":"x"}}'
    assert outcomes(sink.send([letter(1, names[0], message=message)])) == {1: Outcome.DELIVERED}
    assert place.seen().count(names[0]) == 1
    sink.close()


def test_jsonl_mends_a_torn_last_line(tmp_path, names):
    """A half line left by a crash is cut off, whole ones stay, and its letter comes again."""
    path = tmp_path / "alerts.jsonl"
    whole = letter(1, names[0]).body
    path.write_bytes(whole.encode() + b"\n" + letter(2, names[1]).body.encode()[:-20])
    sink = JsonlSink(path)
    assert sink.open()
    sink.send([letter(1, names[0], doubtful=True), letter(2, names[1], doubtful=True)])
    lines = path.read_text().splitlines()
    assert [json.loads(line)["event"]["id"] for line in lines] == names[:2]


def test_jsonl_full_disk_leaves_whole_lines():
    """On a full disk nothing half-written stays and the error says so."""
    sink = JsonlSink(__import__("pathlib").Path("/dev/full"))
    with pytest.raises(SinkError) as caught:
        sink.send([letter(1, "fnd-a:1")])
    assert caught.value.code == "E6202"


def test_elasticsearch_mapping_error_is_dead_and_the_rest_arrives(elasticsearch, names):
    """One document that does not fit the mapping is dead with the field's name; its neighbours arrive."""
    sink = ElasticsearchSink(Access(elasticsearch.url))
    sink.open()
    bad = letter(2, names[1], server={"port": "abc"})
    receipts = {each.seq: each for each in sink.send([letter(1, names[0]), bad, letter(3, names[2])])}
    assert [receipts[n].outcome for n in (1, 2, 3)] == [Outcome.DELIVERED, Outcome.DEAD, Outcome.DELIVERED]
    assert "server.port" in receipts[2].reason


def test_elasticsearch_rollover_between_send_and_retry(elasticsearch, names):
    """After a rollover a doubtful letter is found in the older index and not written to the newer one."""
    sink = ElasticsearchSink(Access(elasticsearch.url))
    sink.open()
    sink.send([letter(1, names[0])])
    assert elasticsearch.ask("POST", f"/{templates.STREAM}/_rollover")["rolled_over"]
    receipts = sink.send([letter(1, names[0], doubtful=True), letter(2, names[1], doubtful=True)])
    assert set(outcomes(receipts).values()) == {Outcome.DELIVERED}
    hits = elasticsearch.ask(
        "POST", f"/{templates.STREAM}/_search", {"query": {"ids": {"values": names[:1]}}, "_source": False}
    )["hits"]["hits"]
    assert len(hits) == 1


def test_elasticsearch_keeps_the_newest_state(elasticsearch, names):
    """A late older state does not overwrite a newer one, and both count as delivered."""
    sink = ElasticsearchSink(Access(elasticsearch.url))
    sink.open()
    new = letter(1, names[0], stream=Stream.FINDINGS, version=3, message="new")
    old = letter(2, names[0], stream=Stream.FINDINGS, version=2, message="old")
    assert set(outcomes(sink.send([new, old, new])).values()) == {Outcome.DELIVERED}
    found = elasticsearch.ask("GET", f"/{templates.FINDINGS}/_doc/{names[0]}")
    assert (found["_version"], found["_source"]["message"]) == (3, "new")


def test_elasticsearch_without_life_cycle_says_so(elasticsearch):
    """A server without index life cycle is used all the same, and the remark says what is missing."""
    assert any("400" in each for each in ElasticsearchSink(Access(elasticsearch.url)).open())


def test_nobody_listening_is_retried_not_doubted(names):
    """A refused connection means certainly not sent."""
    sink = ElasticsearchSink(Access("http://127.0.0.1:9"))
    with pytest.raises(SinkError) as caught:
        sink.open()
    assert caught.value.code == "E6201"
    assert outcomes(sink.send([letter(1, names[0])])) == {1: Outcome.RETRY}


@pytest.mark.parametrize(
    ("access", "code"),
    [
        (Access("https://u:p@127.0.0.1:9200"), "E6101"),
        (Access("127.0.0.1:9200"), "E6102"),
        (Access("http://198.18.0.1:9200", user="u", password_file="/nowhere"), "E6103"),
        (Access("http://127.0.0.1:9200", user="u", password_file="/nowhere"), "E6104"),
    ],
)
def test_addresses_and_secrets_are_checked(access, code):
    """A password in the URL, plain http to elsewhere, or a missing secret file is refused with its own code."""
    with pytest.raises(UsageError) as caught:
        ElasticsearchSink(access)
    assert caught.value.code == code
