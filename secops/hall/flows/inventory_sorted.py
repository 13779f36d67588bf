"""The list of assets in an order people ask for, gone on with by a token that says where the last page ended."""

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Final

from secops.core.errors import UsageError
from secops.core.fields import SETS, Field
from secops.core.filter_unknown import no_field
from secops.core.filter_words import find, words
from secops.core.language import say
from secops.core.model import Kind
from secops.core.query import LARGEST
from secops.hall.app import App
from secops.hall.flows.inventory import PAGE, row_of, with_computed
from secops.hall.flows.queries import read
from secops.store import search
from secops.store.order import Mark, Order, fits, page

_TOKEN_MOST: Final = 16_384


def listed(
    app: App, sort: str, query: str = "", *, kind: Kind | None = None, after: str = "", limit: int = 0
) -> Iterator[tuple[dict[str, object], str]]:
    """Rows as of `flows.inventory.listed`, each with the token to go on behind it.

    `sort`: a field, `-` before it for the largest first; what does not know it comes last. Raises UsageError.
    """
    now = app.clock.now()
    kind, parsed = read(app, query, kind)
    order = ordered(sort, kind)
    mark = _read(after, sort, order) if after else None
    left = limit
    while True:
        size = min(PAGE, left) if limit else PAGE
        with app.database.read() as connection:
            condition = search.condition(connection, parsed, kind, now)
            found = page(connection, kind, condition, order, after=mark, limit=size)
            told = list(with_computed(connection, [each for each, _ in found], now))
        for (entity, values), (_, place) in zip(told, found, strict=True):
            mark = place
            yield row_of(entity, values), _written(sort, place)
        left -= len(found)
        if len(found) < size or (limit and left <= 0):
            return


def ordered(sort: str, kind: Kind | None) -> Order:
    """The order that a word asks for. Raises UsageError for a field the kind lacks or that has no order."""
    word = sort.removeprefix("-")
    fields = find(word, kind)
    usable = tuple(each for each in fields if each.type not in SETS)
    if usable:
        return Order(_alike(usable), sort.startswith("-"))
    why, near = say("一个资产有多个值的字段没有先后", "a set of values has no order"), ""
    if not fields:
        why, near = no_field(word[:60], kind, query=False)
    likely = say("例如 ", "such as ") + ", ".join(each for each in _LIKELY if each in words(kind))
    what = say(f"不能按 {word[:60]} 排序", f"cannot sort by {word[:60]}")
    raise UsageError("E1510", what, why=why, hint=near + likely)


_LIKELY: Final = ("address", "key", "name", "first_seen", "last_seen", "grade", "port", "version")


def _alike(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """Those of the first one's type: others cannot be compared with it."""
    return tuple(each for each in fields if each.type is fields[0].type)


def _written(sort: str, mark: Mark) -> str:
    value = {"x": mark.value.hex()} if isinstance(mark.value, bytes) else mark.value
    text = json.dumps([sort, value, mark.id], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(token: str, sort: str, order: Order) -> Mark:
    try:
        if len(token) > _TOKEN_MOST:
            raise ValueError
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        for_sort, value, id = json.loads(text)
        if isinstance(value, dict):
            value = bytes.fromhex(value["x"])
        if isinstance(value, int) and abs(value) > LARGEST:
            raise ValueError
        if for_sort != sort or not isinstance(id, str) or "\0" in text or not fits(order, value):
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error) as error:
        raise UsageError(
            "E1511",
            say("--after 的内容不是这一排序的接续标记", "--after is no token of this order"),
            where=token[:60],
            hint=say("用同样的 --sort 与上一页给出的标记", "give the token of the last page, with the same --sort"),
        ) from error
    return Mark(value, id)
