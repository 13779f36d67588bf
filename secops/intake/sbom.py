"""Bills of materials, CycloneDX 1.x (JSON, XML) and SPDX 2.x (JSON, tag-value), as rows of the component register.

Known by content. Bounded in bytes, depth and number; XML with a document type is refused. A component said twice
counts once; one that cannot be read costs itself.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.core.model import Skipped
from secops.intake import sbom_cyclonedx, sbom_spdx
from secops.intake.declared_sections import flatten, sections
from secops.intake.sbom_part import COMPONENTS_MOST, Part
from secops.intake.sheet_rows import Passed, Read
from secops.scope.yaml_source import Plain

BYTES_MOST: Final = 256 << 20
HEAD: Final = 1 << 16
_SECTION: Final = "components"
_JSON: Final = re.compile(rb'^(?:\xef\xbb\xbf)?\s*\{.{0,65000}?"(bomFormat|spdxVersion|SPDXID)"\s*:', re.DOTALL)
_XML: Final = re.compile(rb"<(?:\w+:)?bom\b[^>]*http://cyclonedx\.org/schema/bom/", re.DOTALL)
_TAGS: Final = re.compile(rb"^(?:\xef\xbb\xbf)?(?:\s*#[^\n]*\n|\s*\n)*\s*SPDXVersion:\s*SPDX-")


def sniff(head: bytes) -> bool:
    """Whether a file that begins so is a bill of materials."""
    return bool(_JSON.match(head) or _XML.search(head) or _TAGS.match(head))


def read(path: Path, about: Mapping[str, str], digest: str) -> Iterator[Read | Skipped | Passed]:
    """The file's components as rows `about` a system or repository. Raises InvalidFile for a file that is no bill."""
    seen: set[tuple[str, ...]] = set()
    for count, part in enumerate(_parts(path), 1):
        where = f"{path.name}!{part.place}"
        if count > COMPONENTS_MOST:
            yield Skipped(
                where, say(f"超过 {COMPONENTS_MOST:,} 个组件，其余未读", f"more than {COMPONENTS_MOST:,} components")
            )
            return
        key = (part.purl, part.group, part.name, part.version)
        if key in seen:
            yield Passed(where, say("同一组件又一次", "the same component again"))
            continue
        seen.add(key)
        yield _row(part, where, dict(about), digest)


def _row(part: Part, where: str, about: Mapping[str, str], digest: str) -> Read | Skipped:
    values: dict[str, Plain] = {
        "name": part.name, "version": part.version, "group": part.group, "purl": part.purl, "cpe": part.cpe,
        "licences": list[Plain](part.licences), "supplier_name": part.supplier, "sha256": part.sha256, "sbom": digest,
        **about,
    }  # fmt: skip
    if not part.name:
        return Skipped(where, say("组件没有名称", "a component without a name"))
    try:
        flat = flatten(
            sections()[_SECTION], {name: value for name, value in values.items() if value}, lambda name: name
        )
    except ValueError as error:
        return Skipped(where, f"{part.name[:60]}: {error}")
    return Read(_SECTION, "", flat, where)


def _parts(path: Path) -> Iterator[Part]:
    if path.stat().st_size > BYTES_MOST:
        raise InvalidFile(
            "E1372", say(f"文件超过 {BYTES_MOST >> 20} MB", f"larger than {BYTES_MOST >> 20} MB"), where=str(path)
        )
    data = path.read_bytes()
    if _XML.search(data[:HEAD]):
        yield from _told(path, lambda: list(sbom_cyclonedx.from_xml(data)))
        return
    if _TAGS.match(data[:HEAD]):
        yield from _told(path, lambda: list(sbom_spdx.from_tags(data.decode("utf-8-sig"))))
        return
    yield from _told(path, lambda: list(_from_json(json.loads(data.decode("utf-8-sig")))))


def _from_json(root: object) -> Iterator[Part]:
    if not isinstance(root, dict):
        raise ValueError(say("最外层应为对象", "the outermost value should be an object"))  # noqa: TRY004 - a file's fault
    if root.get("bomFormat") == "CycloneDX":
        yield from sbom_cyclonedx.from_json(root)
    elif str(root.get("spdxVersion", "")).startswith("SPDX-2"):
        yield from sbom_spdx.from_json(root)
    else:
        raise ValueError(say("不是 CycloneDX 或 SPDX 2.x", "neither CycloneDX nor SPDX 2.x"))


def _told(path: Path, parts: object) -> Iterator[Part]:
    try:
        yield from parts()  # type: ignore[operator]  # a function of our own
    except (ValueError, RecursionError) as error:
        why = say("嵌套过深", "nested too deep") if isinstance(error, RecursionError) else str(error)
        raise InvalidFile(
            "E1385", say("物料清单读不了", "the bill of materials cannot be read"), where=str(path), why=why[:300]
        ) from error
