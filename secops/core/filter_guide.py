"""The page that explains the search language to those who use it; fields and steps out of the dictionaries."""

from collections.abc import Iterator
from typing import Final

from secops.core.fields import FIELDS, Field, Type
from secops.core.filter_words import SEARCHED, WIDE
from secops.core.language import say
from secops.core.links import LINKS, Way
from secops.core.model import ASSET_KINDS, Kind

EXAMPLES: Final[tuple[tuple[str, str, str], ...]] = (
    ("财政", "名称、标识或网页标题里有“财政”", "财政 in name, key or page title"),
    (
        'text:"银河麒麟"',
        "任何一处文字里有：产品、标语、操作系统、标签、证书……",
        "in any text: product, banner, system, tag, certificate",
    ),
    ("net:198.18.0.0/16 port:443", "并列的条件都要满足", "conditions side by side must all hold"),
    ("port:22,23 OR service:redis", "逗号是任选其一；OR 是或", "a comma is a choice; OR is or"),
    ("(port:22 OR port:23) -tag:测试", "括号成组；减号（或 NOT）为否定", "brackets group; a minus (or NOT) negates"),
    (
        "title:登录*系统 server=nginx",
        "冒号是含有，等号是恰好；* 任意多字，? 一个字",
        ": contains, = is exactly; * any run, ? one character",
    ),
    (
        "kind:website state:active",
        "类别、状态、标签等标记用冒号也是恰好",
        "labels such as kind, state and tag are matched whole",
    ),
    (
        "port:1-1024 grade>=3 services.count:10..",
        "范围：a-b，a..b，a..，..b；大小用 < <= > >=",
        "ranges: a-b, a..b, a.., ..b; order by < <= > >=",
    ),
    (
        "ip:198.18.0.1-198.18.0.99 net:10.1.*",
        "地址段、网段、通配网段",
        "spans of addresses, networks, starred networks",
    ),
    ("version<1.20 product:nginx", "版本按版本比，1.9 小于 1.20", "versions compare as versions: 1.9 is below 1.20"),
    ("seen<7d first>=2026-01-01", "七天内见过；某天以来首次发现", "seen within seven days; first seen since a day"),
    ("expires<30d", "三十天内到期", "expires within thirty days"),
    ("owner:* -org:*", "星号：已知（有值）；前面加减号：未知", "a star: the value is known; with a minus: it is not"),
    ("runs-on:(kind:host os:麒麟)", "运行于这样的主机", "runs on such a host"),
    ("services:(port:3389 product:xrdp)", "同一个端口满足全部条件", "one and the same service meets all of it"),
    (
        "system:(grade>=3) -org:(name:财政)",
        "所属系统三级以上，责任单位不是财政",
        "its system is level 3 or above, its unit is not 财政",
    ),
    ("kind:system has:(kind:host -state:active)", "有主机不在用的系统", "systems with a host that is not active"),
    ("on:(os:windows) port:3389", "查端口：所在地址是 Windows", "services on an address that runs Windows"),
)
"""Query, and what it means in both languages."""

_SIGNS: Final = {
    Type.TEXT: ": = !=",
    Type.TEXTS: ": = !=",
    Type.BOOLEAN: ":true :false",
    Type.VERSION: ": = < <= > >=",
    Type.INTEGER: ": = < <= > >= a-b",
    Type.INTEGERS: ": = < <= > >= a-b",
    Type.INSTANT: ": < <= > >= 7d 2026-01-31 a..b",
    Type.ADDRESS: ": = < > a-b a/n",
    Type.ADDRESSES: ": = < > a-b a/n",
}


def guide() -> str:
    """The page, in the language in force."""
    return "\n".join(_lines()) + "\n"


def fields() -> Iterator[dict[str, object]]:
    """Every field: its words, titles, type, how it compares, and the kinds that have it."""
    for each in FIELDS:
        yield {
            "word": each.alias or each.name,
            "name": each.name,
            "title": each.title,
            "type": str(each.type),
            "compares": _SIGNS[each.type],
            "kinds": [str(kind) for kind in Kind if kind in each.kinds],
        }


def _lines() -> Iterator[str]:
    yield say("查询语言", "The search language")
    yield ""
    width = max(_width(query) for query, _, _ in EXAMPLES)
    for query, zh, en in EXAMPLES:
        yield f"  {query}{' ' * (width - _width(query))}  {say(zh, en)}"
    yield ""
    yield from say(_ZH, _EN).splitlines()
    yield ""
    yield say("一步关系：词:(条件)，只能相隔一步", "Steps: word:(condition), one deep")
    for link in LINKS:
        to = "" if link.way in {Way.TO, Way.FROM, Way.BOTH} else f"  [{_kinds(link.near)} → {_kinds(link.far)}]"
        yield f"  {link.name:<16}{say(link.zh, link.en)}{to}"
    yield f"  {'org':<16}{say('责任单位：name、id、contact', 'its unit: name, id, contact')}"
    yield ""
    yield say(
        "这些词指类别所有的那一个字段（@词 只指字段本身）",
        "Words for whichever of these fields a kind has (@word: the field itself)",
    )
    for word, names in WIDE.items():
        told = (
            say(f"{len(SEARCHED) + 1} 个文字字段", f"{len(SEARCHED) + 1} fields of text")
            if word == "text"
            else ", ".join(names)
        )
        yield f"  {word:<16}{told}"
    for title, mine in (
        (say("资产的字段", "Fields of assets"), [each for each in FIELDS if each.kinds & frozenset(ASSET_KINDS)]),
        (
            say("只有端口有的字段", "Fields of services alone"),
            [each for each in FIELDS if each.kinds == {Kind.SERVICE}],
        ),
    ):
        yield ""
        yield title
        yield from map(_field, mine)


def _field(each: Field) -> str:
    word = f"{each.name} ({each.alias})" if each.alias else each.name
    gap = " " * max(1, 34 - len(word))
    title = each.title + " " * max(1, 30 - _width(each.title))
    return f"  {word}{gap}{title}{_SIGNS[each.type]}"


def _kinds(kinds: frozenset[Kind]) -> str:
    return say("多类", "several") if len(kinds) > 1 else str(min(kinds))


def _width(text: str) -> int:
    return sum(2 if ord(c) > 0x2E7F or c in "“”…" else 1 for c in text)


_ZH: Final = """\
引号外的字母、数字、标点用全角也行（文字字段的值照原样找）；字母不分大小写。
含空格、括号或逗号的值加引号："a b"；引号里的 * ? 是字面。
字段可用英文名、短词或中文标题：http.title、title、网页标题。写错时提示里的 ^ 指着出错的那个字。
未知的值什么比较都不成立，否定则成立：-tls:true 也含不知道有没有 TLS 的。
saved:名字 引用保存的筛选（secops inventory filter save 名字 '查询'），可用在任何查询里，也可互相引用。
查询以减号开头时，前面加 --，或写 NOT：secops inventory list -- '-tag:测试'
两个字的中文词、三个字母以上的词走索引；一个字或常见的词逐行查，结果相同。"""
_EN: Final = """\
Outside quotes full-width letters, digits and signs work too (a value of a text is searched as typed); letters match in
either case. Quote a value that holds spaces, brackets or commas: "a b"; inside quotes * and ? stand for themselves.
A field goes by its name, its short word or its Chinese title: http.title, title, 网页标题. In an error the ^ points at
the character.
No comparison holds for an unknown value, and its negation does: -tls:true includes what is not known to have TLS.
saved:NAME stands for a saved filter (secops inventory filter save NAME 'QUERY'), in any query and in other filters.
A query that begins with a minus needs -- before it, or NOT: secops inventory list -- '-tag:test'
Chinese words of two characters and words of three letters are found by an index; others by reading on, with the same
result."""
