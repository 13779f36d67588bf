"""What may stand at a place of a query."""

import pytest

from secops.core.fields import Field
from secops.core.filter import parse_any
from secops.core.filter_complete import Completion, complete
from secops.core.model import Kind


def known(field: Field, start: str) -> list[str]:
    """Values as a store would have them."""
    every = {
        "http.server": ["nginx", "TongWeb Server", 'a"b'],
        "service.name": ["redis", "rsync"],
        "org.name": ["财政局"],
    }
    return [each for each in every.get(field.name, ()) if each.startswith(start)]


def at_end(text: str, kind: Kind | None = None) -> Completion:
    return complete(text, len(text), kind, known, lambda: ["三级", "明文"])


@pytest.mark.parametrize(
    ("text", "kind", "start", "offered"),
    [
        ("po", None, 0, {"port:", "ports:"}),
        ("port", None, 0, {"port:", "port>=", "port<"}),
        ("-ta", None, 1, {"tag:", "tags:"}),
        ("a (ta", None, 3, {"tag:"}),
        ("标", None, 0, {"标识:", "标签:"}),
        ("kind:web", None, 5, {"website"}),
        ("state:", None, 6, {"active", "gone"}),
        ("kind:website tls:", None, 17, {"true", "false"}),
        ("seen<", None, 5, {"7d"}),
        ("server:", None, 7, {"nginx", '"TongWeb Server"', '"a\\"b"'}),
        ('server:"Tong', None, 7, {'"TongWeb Server"'}),
        ("server:nginx,Tong", None, 13, {'"TongWeb Server"'}),
        ("责任单位：财", None, 5, {"财政局"}),
        ("run", None, 0, {"runs-on:(", "runs:("}),
        ("承", None, 0, {"承载:("}),
        ("runs-on:(kind:host o", None, 19, {"os:", "org:"}),
        ("system:(grade", None, 8, {"grade>="}),
        ("services:(service:r", None, 18, {"redis", "rsync"}),
        ("org:(", None, 5, {"name:", "contact:"}),
        ("org:(name:财", None, 10, {"财政局"}),
        ("saved:三", None, 6, {"三级"}),
        ("常用：", None, 3, {"三级", "明文"}),
        ("bann", None, 0, {"banner:"}),
        ("trans", Kind.SERVICE, 0, {"transport:"}),
    ],
)
def test_offers_and_what_they_replace(text: str, kind: Kind | None, start: int, offered: set[str]) -> None:
    """Names, titles, operators, values, steps and saved filters, with the characters they take the place of."""
    made = at_end(text, kind)
    assert (made.start, made.end) == (start, len(text))
    assert offered <= {each.text for each in made.offers}


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("runs-on:(sys", "system:("),
        ("kind:host banner", "banner:"),
        ("kind:system on", "on:("),
        ('"po', "port:"),
        ("zzzz", "port:"),
    ],
)
def test_what_could_not_be_read_is_not_offered(text: str, refused: str) -> None:
    """No second step, no field of another kind, nothing inside a quoted text."""
    assert refused not in {each.text for each in at_end(text).offers}


def test_offered_values_are_read_back() -> None:
    """Whatever is offered as a value parses in its place."""
    for text in ("server:", "services:(service:", "责任单位：", "saved:", "tls:", "kind:"):
        made = at_end(text)
        assert made.offers
        for each in made.offers:
            closing = ")" if "(" in text else ""
            parse_any(text[: made.start] + each.text + closing, None, lambda: {"三级": "a", "明文": "b"})


def test_the_middle_of_a_query_is_completed_too() -> None:
    """Only what stands before the cursor counts."""
    made = complete("kind:website ti server:x", 15, None, known, lambda: ())
    assert (made.start, made.end) == (13, 15)
    assert [each.text for each in made.offers] == ["title:"]
