"""The Elasticsearch sink against a recording server: what it asks, and what it makes of each answer."""

import json

import pytest
from elastic_transport import ApiResponseMeta, BaseNode, HttpHeaders
from elastic_transport import ConnectionError as Unreached
from elastic_transport._node import NodeApiResponse

from secops.core.errors import SinkError
from secops.core.letter import Letter, Outcome, Stream
from secops.deliver.sinks import templates
from secops.deliver.sinks.elasticsearch import Access, ElasticsearchSink

ACCESS = Access("http://127.0.0.1:9200")


def recorded(answers):
    """A client whose answers are scripted: (method, path prefix) -> status, body; and the list of its requests."""
    asked = []

    class Node(BaseNode):
        _CLIENT_META_HTTP_CLIENT = ("t", "1")

        def perform_request(self, method, target, body=None, headers=None, request_timeout=None):
            asked.append((method, target, body))
            for (verb, start), answer in answers.items():
                if verb == method and target.startswith(start):
                    status, content = answer(asked) if callable(answer) else answer
                    break
            else:
                status, content = 404, {"error": {"type": "resource_not_found_exception", "reason": "none"}}
            more = {"retry-after": "7"} if status == 429 else {}
            kind = {"content-type": "application/json", "x-elastic-product": "Elasticsearch"}
            meta = ApiResponseMeta(status, "1.1", HttpHeaders(kind | more), 0.0, self.config)
            return NodeApiResponse(meta, json.dumps(content).encode())

        def close(self):
            pass

    return ACCESS.client(node_class=Node), asked


def alert(seq, *, doubtful=False, stream=Stream.ALERTS, size=10):
    return Letter(seq, "elasticsearch", stream, f"fnd-{seq}:1", 1, json.dumps({"x": "y" * size}), 0, doubtful)


def sink(answers):
    client, asked = recorded(answers)
    return ElasticsearchSink(ACCESS, client=client), asked


def bulk(*statuses):
    items = [{"create": {"status": each, "error": {"type": "t", "reason": "r"}}} for each in statuses]
    return 200, {"errors": True, "items": items}


def test_installs_what_the_golden_file_says(request):
    """On an empty server with index life cycle exactly the recorded requests are put, policy first."""
    put = {("PUT", "/"): (200, {"acknowledged": True})}
    to, asked = sink(put)
    assert to.open() == []
    made = [{"method": m, "path": p, "body": json.loads(b)} for m, p, b in asked if m == "PUT"]
    golden = request.path.parents[2] / "golden" / "elasticsearch" / "install.json"
    assert made == json.loads(golden.read_text(encoding="utf-8"))


def test_newer_templates_are_left_alone():
    """A template of a newer edition, and a policy its owner changed, are not put again."""
    newer = templates.EDITION + 1
    to, asked = sink(
        {
            ("GET", "/_ilm"): (200, {}),
            ("GET", "/_component"): (200, {"component_templates": [{"component_template": {"version": newer}}]}),
            ("GET", "/_index"): (200, {"index_templates": [{"index_template": {"version": newer}}]}),
        }
    )
    to.open()
    assert {method for method, _, _ in asked} == {"GET"}


@pytest.mark.parametrize("status", [401, 403, 503])
def test_a_server_that_refuses_set_up_is_told(status):
    """No permission or no capacity at set-up is an error that names the status; nothing was handed over."""
    to, _ = sink({("GET", "/_ilm"): (200, {}), ("GET", "/_component"): (status, {"error": "no"})})
    with pytest.raises(SinkError) as caught:
        to.open()
    assert str(status) in caught.value.why


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (201, Outcome.DELIVERED),
        (409, Outcome.DELIVERED),
        (429, Outcome.RETRY),
        (503, Outcome.RETRY),
        (403, Outcome.RETRY),
        (400, Outcome.DEAD),
        (500, Outcome.UNKNOWN),
    ],
)
def test_each_item_has_its_own_outcome(status, outcome):
    """A partial failure concerns its own letter alone."""
    to, _ = sink({("POST", "/_bulk"): bulk(201, status, 201)})
    receipts = to.send([alert(1), alert(2), alert(3)])
    assert [each.outcome for each in receipts] == [Outcome.DELIVERED, outcome, Outcome.DELIVERED]


def test_a_busy_server_says_how_long():
    """429 for the whole request queues all again, after the time the server asks for."""
    to, _ = sink({("POST", "/_bulk"): (429, {"error": {"type": "es_rejected_execution_exception", "reason": "full"}})})
    receipts = to.send([alert(1), alert(2)])
    assert {(each.outcome, each.after) for each in receipts} == {(Outcome.RETRY, 7.0)}


def test_too_large_a_request_is_halved():
    """413 splits the batch until its parts fit; only a document too large by itself is dead."""

    def answer(asked):
        body = asked[-1][2]
        if len(body) > 400:
            return 413, {"error": {"type": "content_too_long_exception", "reason": "too long"}}
        return bulk(*[201] * (body.count(b"\n") // 2))

    to, _ = sink({("POST", "/_bulk"): answer})
    receipts = to.send([alert(1), alert(2, size=500), alert(3), alert(4)])
    assert {each.seq: each.outcome for each in receipts}[2] is Outcome.DEAD
    assert [each.outcome for each in receipts].count(Outcome.DELIVERED) == 3


def test_a_proxy_that_refuses_kills_no_letter():
    """A 400 that is not Elasticsearch's own says nothing about the letters."""
    to, _ = sink({("POST", "/_bulk"): (400, {"error": "no handler found for uri [/_bulk]"})})
    assert {each.outcome for each in to.send([alert(1), alert(2)])} == {Outcome.RETRY}


def test_a_lost_answer_is_unknown_for_alerts_only():
    """A connection lost after sending leaves alerts in doubt; present states are simply written again."""

    def lost(asked):
        raise Unreached("Connection aborted")

    to, _ = sink({("POST", "/_bulk"): lost})
    receipts = to.send([alert(1), alert(2, stream=Stream.FINDINGS)])
    assert [each.outcome for each in receipts] == [Outcome.UNKNOWN, Outcome.RETRY]
    assert receipts[0].after > 0


def test_doubtful_letters_wait_for_a_search_that_can_tell():
    """While the search fails, or a shard of it, doubtful letters are not sent."""
    partial = (200, {"_shards": {"failed": 1}, "hits": {"hits": []}})
    for answer in ((503, {"error": {"type": "search_phase_execution_exception", "reason": "x"}}), partial):
        to, asked = sink(
            {("POST", f"/{templates.STREAM}/_refresh"): (200, {}), ("POST", f"/{templates.STREAM}/"): answer}
        )
        receipts = to.send([alert(1, doubtful=True)])
        assert [each.outcome for each in receipts] == [Outcome.UNKNOWN]
        assert not [path for _, path, _ in asked if path.startswith("/_bulk")]


def test_a_short_answer_leaves_the_rest_in_doubt():
    """Letters the answer does not mention are not taken for delivered."""
    to, _ = sink({("POST", "/_bulk"): bulk(201)})
    assert [each.outcome for each in to.send([alert(1), alert(2)])] == [Outcome.DELIVERED, Outcome.UNKNOWN]
