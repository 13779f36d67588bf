"""CycloneDX 1.x, JSON and XML (ECMA-424): components, those within components too."""

from collections.abc import Iterator, Mapping
from typing import Final
from xml.parsers import expat

from secops.core.language import say
from secops.intake.sbom_part import COMPONENTS_MOST, DEPTH_MOST, LICENCES_MOST, Part, word

_TEXT_MOST: Final = 4_096
_LEVELS_MOST: Final = 200


def from_json(root: Mapping[str, object]) -> Iterator[Part]:
    """The components of a JSON bill. Raises ValueError."""
    yield from _components(root.get("components"), "components", 0)


def _components(value: object, place: str, depth: int) -> Iterator[Part]:
    if depth > DEPTH_MOST:
        raise ValueError(say(f"组件嵌套超过 {DEPTH_MOST} 层", f"components nested deeper than {DEPTH_MOST}"))
    for number, each in enumerate(value if isinstance(value, list) else ()):
        if not isinstance(each, dict):
            continue
        here = f"{place}[{number}]"
        yield _part(each, here)
        yield from _components(each.get("components"), f"{here}.components", depth + 1)


def _part(each: Mapping[str, object], place: str) -> Part:
    supplier = each.get("supplier")
    named = word(supplier.get("name")) if isinstance(supplier, dict) else ""
    return Part(
        place, word(each.get("name")), word(each.get("version")), word(each.get("group")), word(each.get("purl")),
        word(each.get("cpe")), tuple(_licences(each.get("licenses"))), named or word(each.get("publisher")),
        _sha256(each.get("hashes")),
    )  # fmt: skip


def _licences(value: object) -> Iterator[str]:
    for each in (value if isinstance(value, list) else [])[:LICENCES_MOST]:
        if not isinstance(each, dict):
            continue
        licence = each.get("license")
        inner = licence if isinstance(licence, dict) else {}
        if found := word(each.get("expression")) or word(inner.get("id")) or word(inner.get("name")):
            yield found


def _sha256(value: object) -> str:
    for each in value if isinstance(value, list) else ():
        if isinstance(each, dict) and each.get("alg") == "SHA-256":
            return word(each.get("content"))
    return ""


def from_xml(data: bytes) -> Iterator[Part]:
    """The components of an XML bill. Raises ValueError."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError) as error:
        raise ValueError(say(f"不是合格的 XML：{error}", f"not well-formed XML: {error}")) from error
    yield from reader.parts


class _Reader:
    """Listens to the XML: a stack of the components that are open, the texts of each."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._path: list[str] = []
        self._open: list[tuple[int, int, dict[str, str], list[str]]] = []
        """Of each component that is open: its depth, its place among the parts, its texts, its licences."""
        self._words: list[str] = []
        self._size = 0
        self._algorithm = ""

    def refuse(self, *_: object) -> None:
        raise ValueError(say("不接受带 DOCTYPE 的 XML", "XML with a document type is not accepted"))

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        self._path.append(local)
        self._words, self._size = [], 0
        if len(self._path) > _LEVELS_MOST:
            raise ValueError(say("嵌套过深", "nested too deep"))
        if local == "component" and self._path[-2:-1] == ["components"]:
            if len(self._open) > DEPTH_MOST or len(self.parts) > COMPONENTS_MOST:
                raise ValueError(say("组件过多或嵌套过深", "too many components, or nested too deep"))
            self._open.append((len(self._path), len(self.parts), {}, []))
            self.parts.append(Part("", ""))
        elif local == "hash":
            self._algorithm = attributes.get("alg", "")

    def text(self, data: str) -> None:
        self._size += len(data)
        if self._size <= _TEXT_MOST:
            self._words.append(data)

    def end(self, name: str) -> None:
        local = name.rpartition(" ")[2]
        if self._open:
            self._keep(local, "".join(self._words))
            level, at, texts, licences = self._open[-1]
            if local == "component" and level == len(self._path):
                self._open.pop()
                self.parts[at] = _made(at, texts, licences)
        self._path.pop()
        self._words = []

    def _keep(self, local: str, text: str) -> None:
        level, _, texts, licences = self._open[-1]
        inside = self._path[level:]
        if inside == [local] and local in {"name", "version", "group", "purl", "cpe", "publisher"}:
            texts[local] = word(text)
        elif inside == ["supplier", "name"]:
            texts["supplier"] = word(text)
        elif inside == ["hashes", "hash"] and self._algorithm == "SHA-256":
            texts["sha256"] = word(text)
        elif inside[:1] == ["licenses"] and local in {"id", "name", "expression"} and len(licences) < LICENCES_MOST:
            licences.append(word(text))


def _made(at: int, texts: Mapping[str, str], licences: list[str]) -> Part:
    supplier = texts.get("supplier", "") or texts.get("publisher", "")
    name, version, group, purl, cpe, sha256 = (
        texts.get(each, "") for each in ("name", "version", "group", "purl", "cpe", "sha256")
    )
    return Part(f"component[{at}]", name, version, group, purl, cpe, tuple(licences), supplier, sha256)
