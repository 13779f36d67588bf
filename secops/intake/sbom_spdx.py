"""SPDX 2.x (ISO/IEC 5962), JSON and tag-value: its packages, without the one the document is about."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from secops.core.language import say
from secops.intake.sbom_part import COMPONENTS_MOST, LICENCES_MOST, Part, word

_NOTHING: Final = frozenset({"NOASSERTION", "NONE", ""})
_SUPPLIERS: Final = ("Organization: ", "Person: ")


def from_json(root: Mapping[str, object]) -> Iterator[Part]:
    """The packages of a JSON document."""
    packages = [each for each in _list(root.get("packages")) if isinstance(each, dict)]
    described = {word(each) for each in _list(root.get("documentDescribes"))}
    for each in _list(root.get("relationships")):
        if isinstance(each, dict) and each.get("relationshipType") == "DESCRIBES":
            described.add(word(each.get("relatedSpdxElement")))
    yield from _without(described, [(word(each.get("SPDXID")), _part(each, at)) for at, each in enumerate(packages)])


def _without(described: set[str], parts: list[tuple[str, Part]]) -> Iterator[Part]:
    """The packages but the one described, unless there are no others."""
    others = [part for id, part in parts if id not in described]
    yield from others or [part for _, part in parts]


def _part(each: Mapping[str, object], at: int) -> Part:
    purl = cpe = ""
    for ref in _list(each.get("externalRefs")):
        if isinstance(ref, dict):
            type, locator = str(ref.get("referenceType", "")), word(ref.get("referenceLocator"))
            purl = purl or (locator if type.endswith("purl") else "")
            cpe = cpe or (locator if "cpe2" in type else "")
    sums = (each for each in _list(each.get("checksums")) if isinstance(each, dict))
    sha256 = next((word(one.get("checksumValue")) for one in sums if one.get("algorithm") == "SHA256"), "")
    return Part(
        f"packages[{at}]", word(each.get("name")), word(each.get("versionInfo")), "", purl, cpe,
        _licences(each.get("licenseConcluded"), each.get("licenseDeclared")), _supplier(each.get("supplier")), sha256,
    )  # fmt: skip


def _licences(concluded: object, declared: object) -> tuple[str, ...]:
    """The licence concluded, else the one declared."""
    for each in (word(concluded), word(declared)):
        if each not in _NOTHING:
            return (each,)
    return ()


def _supplier(value: object) -> str:
    text = word(value)
    for each in _SUPPLIERS:
        text = text.removeprefix(each)
    return "" if text in _NOTHING else text


def _list(value: object) -> list[object]:
    return value[: COMPONENTS_MOST + LICENCES_MOST] if isinstance(value, list) else []


def from_tags(text: str) -> Iterator[Part]:
    """The packages of a tag-value document. Raises ValueError."""
    parts: list[tuple[str, Part]] = []
    described: set[str] = set()
    held: dict[str, object] = {}
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if inside or "<text>" in line:  # a text of several lines, of which none is kept
            inside = "</text>" not in line
            continue
        name, mark, value = line.partition(":")
        name, value = name.strip(), value.strip()
        if not mark or name.startswith("#"):
            continue
        if name in {"PackageName", "FileName", "SnippetSPDXID"}:
            _close(parts, held)
            held = {"name": value, "at": number} if name == "PackageName" else {}
        elif name == "Relationship" and len(words := value.split()) == 3 and words[1] == "DESCRIBES":
            described.add(words[2])
        elif held:
            _tag(held, name, value)
        if len(parts) > COMPONENTS_MOST:
            raise ValueError(say("组件过多", "too many components"))
    _close(parts, held)
    yield from _without(described, parts)


_PLAIN: Final = {
    "SPDXID": "SPDXID", "PackageVersion": "versionInfo", "PackageSupplier": "supplier",
    "PackageLicenseConcluded": "licenseConcluded", "PackageLicenseDeclared": "licenseDeclared",
}  # fmt: skip


def _tag(held: dict[str, object], name: str, value: str) -> None:
    if name in _PLAIN:
        held[_PLAIN[name]] = value
    elif name == "ExternalRef" and len(words := value.split()) >= 3:
        refs = held.setdefault("externalRefs", [])
        assert isinstance(refs, list)
        refs.append({"referenceType": words[1], "referenceLocator": words[2]})
    elif name == "PackageChecksum":
        algorithm, _, digest = value.partition(":")
        sums = held.setdefault("checksums", [])
        assert isinstance(sums, list)
        sums.append({"algorithm": algorithm.strip(), "checksumValue": digest.strip()})


def _close(parts: list[tuple[str, Part]], held: Mapping[str, object]) -> None:
    if held:
        at = held["at"]
        parts.append((word(held.get("SPDXID")), replace(_part(held, 0), place=str(at))))
