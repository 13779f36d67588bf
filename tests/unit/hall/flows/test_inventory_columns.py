"""The columns of a list, by any word that means a field."""

import pytest

from secops.core.errors import UsageError
from secops.core.model import Kind
from secops.hall.flows.inventory_columns import only, read


def test_columns_go_by_every_word_of_a_field() -> None:
    """Names, short words, titles, full-width letters; a word for several fields shows the first that is known."""
    found = read("key，责任单位 title,ｇｒａｄｅ,key", Kind.WEBSITE)
    assert [each.key for each in found] == ["key", "org.name", "http.title", "system.grade"]
    both = read("grade,name", None)
    assert only({"system.level": 3, "id": "x"}, both) == {"grade": 3, "name": None}


@pytest.mark.parametrize(
    ("text", "kind", "where", "says"),
    [
        ("key,nmae", None, "第 5 个字符", "是不是 name"),
        ("key,http.title", Kind.HOST, "第 5 个字符", "有它的类别：service, website"),
        ("level", Kind.SYSTEM, "第 1 个字符", "是不是 system.level"),
        ("key,text", None, "第 5 个字符", ""),
        (",", None, "第 1 个字符", "key,name"),
    ],
)
def test_what_is_no_column_is_pointed_at(text: str, kind: Kind | None, where: str, says: str) -> None:
    """The place of the word, the nearest field, the kinds that have it."""
    with pytest.raises(UsageError, match="E1513") as caught:
        read(text, kind)
    told = caught.value
    assert where in told.where
    assert says in f"{told.what} {told.hint}"
