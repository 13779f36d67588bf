"""Numbers a Chinese site shows at its foot: 备案号, 公安备案号, 政府网站标识码, 网信算备.

Real pages write them with full-width digits, &nbsp; between the characters, tags around the digits, a colon before
them or the 号 left out; all that is undone before looking. Forms: ICP 8 or 10 digits, 公安 14 digits of which the first
two are the province, 标识码 10 digits (ministries: two letters and eight digits), 网信算备 21 digits.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from html import unescape

_LETTERS = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川蜀贵黔云滇藏陕甘陇青宁新"
_CODES = ("11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43",
          "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65")  # fmt: skip
_PROVINCES = dict(zip(_CODES, "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新", strict=True))
"""First two digits of a region code (GB/T 2260) -> the letter of its filings."""
_SAME = {"蜀": "川", "黔": "贵", "滇": "云", "陇": "甘"}
_BEFORE, _AFTER, _PLACES = 300, 700, 40
"""Characters looked at before and after a mark, and marks looked at, of one page."""
_INLINE = re.compile(
    r"</?(?:a|b|i|u|em|font|img|span|strong|small|label|code|script)(?:\s[^<>]{0,600})?/?>", re.IGNORECASE
)
_TAGS = re.compile(r"<!--|-->|<[^<>]{0,600}>|^[^<>]{0,400}>|<[^<>]{0,600}\Z")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_BLANK = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\u00ad]+")
_SIGN = r"\s?[:：]?\s?(?:第\s?)?"
_ICP = re.compile(
    rf"([{_LETTERS}])\s?ICP\s?备{_SIGN}(\d{{10}}(?!\d)|\d{{8}}(?!\d)|\d(?:\s?\d){{4,11}})"
    r"(?:\s?号)?(?:\s?[-－—–‐]\s?(\d{1,4}))?(?!\d)",
    re.IGNORECASE,
)
_LICENCE = re.compile(rf"([{_LETTERS}])\s?ICP\s?证{_SIGN}(B?\d?-?\d{{6,10}})", re.IGNORECASE)
_POLICE = re.compile(rf"(?:([{_LETTERS}])\s?)?公\s?网\s?安\s?备{_SIGN}(\d{{14}}(?!\d)|\d(?:\s?\d){{9,17}})")
_CODE = re.compile(r"网站标识码\s?[:：]?\s?([0-9A-Za-z]{10}(?![0-9A-Za-z])|\d(?:\s?\d){9}(?!\s?\d)|[0-9A-Za-z]{6,16})")
_ALGORITHM = re.compile(rf"网信算备{_SIGN}(\d{{21}}(?!\d)|\d(?:\s?\d){{14,23}})")
_LINK = re.compile(
    r"beian\.(?:gov\.cn/portal/registersysteminfo\?recordcode|mps\.gov\.cn/#/query/websearch\?code)=(\d{14})(?!\d)",
    re.IGNORECASE,
)
_MARKS = ("备", "标识码")
_ENTITIES = ("&#22791;", "&#x5907;", "&#26631;", "&#x6807;")
_LINKS = ("recordcode=", "webSearch?code=")


@dataclass(slots=True)
class Filings:
    """What a page says of how it is filed; `warnings` name what has the mark but not the form."""

    icp: list[str] = field(default_factory=list)
    police: list[str] = field(default_factory=list)
    code: str = ""
    algorithms: list[str] = field(default_factory=list)
    licences: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def filings(text: str) -> Filings:
    """Every filing number in the page, in canonical form, without repetition."""
    found = Filings()
    seen: set[int] = set()
    for mark in _marks(text):
        at = text.find(mark)
        for _ in range(_PLACES):
            if at < 0:
                break
            if _near_a_number(text, at, mark) and not any(at - 40 < other < at + 40 for other in seen):
                seen.add(at)
                _read(plain(text[max(0, at - _BEFORE) : at + _AFTER]), found)
            at = text.find(mark, at + 1)
    for mark in _LINKS:
        at = text.find(mark)
        for _ in range(_PLACES):
            if at < 0:
                break
            _linked(text[max(0, at - 60) : at + 40].replace("&amp;", "&"), found)
            at = text.find(mark, at + 1)
    return found


def _marks(text: str) -> tuple[str, ...]:
    """The marks this page can hold at all."""
    marks: tuple[str, ...] = () if text.isascii() else _MARKS
    if "&#" in text:
        marks += _ENTITIES
    return (*marks, "\\u5907") if "\\u" in text else marks


def plain(window: str) -> str:
    """A piece of a page without tags, entities, escapes and full-width forms, blanks made one."""
    if "\\u" in window:
        window = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), window)
    bare = unescape(_TAGS.sub(" ", _INLINE.sub("", window)))
    return _BLANK.sub(" ", unicodedata.normalize("NFKC", bare))


def _near_a_number(text: str, at: int, mark: str) -> bool:
    """Keeps out 设备, 准备 and the like, which pages are full of."""
    return mark != "备" or at == 0 or text[at - 1] in "PpＰｐ安算证" or not text[at - 1].isalpha()


def _read(piece: str, found: Filings) -> None:
    for match in _ICP.finditer(piece):
        letter, digits, site = match[1], match[2].replace(" ", ""), match[3]
        number = f"{letter}ICP备{digits}号" + (f"-{int(site)}" if site else "")
        if len(digits) in {8, 10}:
            _add(found.icp, number)
        else:
            _add(found.warnings, f"ICP 备案号位数不对：{number}")
    for match in _LICENCE.finditer(piece):
        _add(found.licences, f"{match[1]}ICP证{match[2]}号")
    for match in _POLICE.finditer(piece):
        _police(match[1] or "", match[2].replace(" ", ""), found)
    for match in _CODE.finditer(piece):
        _code(match[1].replace(" ", ""), found)
    for match in _ALGORITHM.finditer(piece):
        digits = match[1].replace(" ", "")
        if len(digits) == 21:
            _add(found.algorithms, f"网信算备{digits}号")
        else:
            _add(found.warnings, f"网信算备号位数不对：{digits}")


def _police(letter: str, digits: str, found: Filings) -> None:
    expected = _PROVINCES.get(digits[:2], "")
    number = f"{letter or expected}公网安备{digits}号"
    if len(digits) != 14:
        _add(found.warnings, f"公安备案号位数不对：{number}")
        return
    if letter and expected and _SAME.get(letter, letter) != expected:
        _add(found.warnings, f"公安备案号省份与代码不符：{number}")
    same = [each for each in found.police if each.endswith(f"公网安备{digits}号")]
    if not same:
        _add(found.police, number)


def _code(value: str, found: Filings) -> None:
    if len(value) == 10 and (value.isdigit() or (value[:2].isalpha() and value[2:].isdigit())):
        found.code = found.code or value.lower()
        if found.code != value.lower():
            _add(found.warnings, f"页面有不止一个网站标识码：{value}")
    else:
        _add(found.warnings, f"网站标识码形式不对：{value}")


def _linked(piece: str, found: Filings) -> None:
    match = _LINK.search(piece)
    if match:
        _police("", match[1], found)


def _add(kept: list[str], text: str) -> None:
    if text not in kept and len(kept) < 20:
        kept.append(text)
