"""What Elasticsearch's answers mean for a letter. Pure."""

from collections.abc import Mapping, Sequence

from secops.core.letter import Letter, Outcome, Receipt, Stream

CONFLICT = 409
BUSY = frozenset({429, 503})
"""The server says it did not take it and will later."""
OURS = frozenset({401, 403, 404})
"""Something must be mended in the configuration or on the server first; the letter is not at fault."""
REASON = 500
"""Longest reason kept, in characters."""


def item(letter: Letter, status: int, error: object) -> Receipt:
    """The receipt of one item of a bulk answer."""
    if 200 <= status < 300:
        return Receipt(letter.seq, Outcome.DELIVERED)
    if status == CONFLICT:
        told = "" if letter.stream is Stream.ALERTS else "a newer version is there"
        return Receipt(letter.seq, Outcome.DELIVERED, told)
    why = f"{status} {reason(error)}"
    if status in BUSY or status in OURS:
        return Receipt(letter.seq, Outcome.RETRY, why)
    if 400 <= status < 500:
        return Receipt(letter.seq, Outcome.DEAD, why)
    return Receipt(letter.seq, doubt(letter), why)


def doubt(letter: Letter) -> Outcome:
    """What "perhaps taken" means: a present state may be written twice without harm, an alert must be sought."""
    return Outcome.UNKNOWN if letter.stream is Stream.ALERTS else Outcome.RETRY


def bulk(letters: Sequence[Letter], answer: Mapping[str, object]) -> list[Receipt]:
    """The receipts of a bulk answer, item by item in the order sent; a short answer leaves the rest in doubt."""
    items = answer.get("items")
    receipts = []
    for letter, each in zip(letters, items if isinstance(items, list) else (), strict=False):
        (detail,) = each.values()
        receipts.append(item(letter, int(detail.get("status", 500)), detail.get("error")))
    short = "the answer names fewer items than were sent"
    return receipts + [Receipt(each.seq, doubt(each), short) for each in letters[len(receipts) :]]


def whole(letter: Letter, status: int, body: object) -> Receipt:
    """The receipt of a letter whose whole request was refused: dead only where Elasticsearch itself says why.

    A proxy's refusal or a wrong address says nothing about the letter.
    """
    structured = isinstance(body, Mapping) and isinstance(body.get("error"), Mapping)
    if status in {400, 413} and structured:
        return item(letter, status, body)
    if 400 <= status < 500 or status in BUSY:
        return Receipt(letter.seq, Outcome.RETRY, f"{status} {reason(body)}")
    return item(letter, status, body)


def reason(error: object) -> str:
    """The error's own words, with those of its cause: that is where mapping errors name the field."""
    if isinstance(error, Mapping):
        inner = error.get("error", error)
        if isinstance(inner, Mapping):
            text = f"{inner.get('type', '')}: {inner.get('reason', '')}"
            cause = inner.get("caused_by")
            return f"{text}; {reason(cause)}"[:REASON] if isinstance(cause, Mapping) else text[:REASON]
        return str(inner)[:REASON]
    return str(error)[:REASON]


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds of a Retry-After header, at most an hour; 0 where there is none in seconds."""
    text = headers.get("retry-after", "")
    return min(float(text), 3600.0) if text.isdecimal() else 0.0
