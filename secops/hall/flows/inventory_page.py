"""A page of the list of assets, of today or of an earlier moment, each row with the token that goes on behind it."""

import re
from collections.abc import Iterator
from typing import Final

from secops.core.errors import UsageError
from secops.core.ids import LENGTH
from secops.core.language import say
from secops.core.model import Kind
from secops.hall.app import App
from secops.hall.flows import inventory, inventory_sorted
from secops.hall.flows.inventory_at import listed_at

_ID: Final = re.compile(rf"({'|'.join(Kind)})-[a-z2-7]{{{LENGTH}}}")
"""Of a thing that may be gone by now: where it stood the list goes on."""


def listed(
    app: App,
    query: str = "",
    *,
    kind: Kind | None = None,
    at: str = "",
    sort: str = "",
    after: str = "",
    limit: int = 0,
) -> Iterator[tuple[dict[str, object], str]]:
    """The rows: by id, of which the token is the id; or in the order of `sort`, which today's list has alone.

    Raises UsageError.
    """
    if sort and at:
        raise UsageError(
            "E1510",
            say("过去某一刻的台账只按编号排序", "a past list comes in order of id only"),
            hint=say("去掉 --sort 或 --at", "leave out --sort or --at"),
        )
    if sort:
        yield from inventory_sorted.listed(app, sort, query, kind=kind, after=after, limit=limit)
        return
    if after and not _ID.fullmatch(after):
        raise UsageError(
            "E1511",
            say("--after 的内容不是资产编号", "--after is no id"),
            where=after[:60],
            hint=say(
                "不带 --sort 的列表接着编号往下：用上一页最后一行的编号",
                "a list without --sort goes on behind an id: give that of the last row of the page before",
            ),
        )
    told = (
        listed_at(app, inventory.instant(app, at), query, kind=kind, after=after, limit=limit)
        if at
        else inventory.listed(app, query, kind=kind, after=after, limit=limit)
    )
    for each in told:
        yield each, str(each["id"])
