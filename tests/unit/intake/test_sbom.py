"""Bills of materials: four forms say the same components; hostile ones end with one error."""

import json
from pathlib import Path

import pytest

from secops.core.errors import InvalidFile
from secops.core.model import Skipped
from secops.intake import sbom
from secops.intake.sheet_rows import Passed, Read

HASH = "ab" * 32
PURL = "pkg:maven/org.x/log4j@2.17.1"
CYCLONE = {
    "bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": {"name": "app"}},
    "components": [
        {"type": "library", "group": "org.x", "name": "log4j", "version": "2.17.1", "purl": PURL,
         "cpe": "cpe:2.3:a:apache:log4j:2.17.1:*:*:*:*:*:*:*", "licenses": [{"license": {"id": "Apache-2.0"}}],
         "hashes": [{"alg": "MD5", "content": "00"}, {"alg": "SHA-256", "content": HASH}],
         "supplier": {"name": "Apache"},
         "components": [{"type": "library", "name": "inner", "licenses": [{"expression": "MIT OR ISC"}]}]},
        {"type": "library", "group": "org.x", "name": "log4j", "version": "2.17.1", "purl": PURL},
        {"type": "library", "version": "1"},
    ],
}  # fmt: skip
XML = f"""<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5"><metadata><component><name>app</name>
</component></metadata><components><component type="library">
<supplier><name>Apache</name></supplier><group>org.x</group>
<name>log4j</name><version>2.17.1</version><hashes><hash alg="SHA-256">{HASH}</hash></hashes>
<licenses><license><id>Apache-2.0</id></license></licenses><cpe>cpe:2.3:a:apache:log4j:2.17.1:*:*:*:*:*:*:*</cpe>
<purl>pkg:maven/org.x/log4j@2.17.1</purl><components><component><name>inner</name><licenses><expression>MIT OR ISC
</expression></licenses></component></components></component></components></bom>"""
PACKAGE = {
    "SPDXID": "SPDXRef-1", "name": "log4j", "versionInfo": "2.17.1", "supplier": "Organization: Apache",
    "licenseConcluded": "NOASSERTION", "licenseDeclared": "Apache-2.0",
    "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:maven/org.x/log4j@2.17.1"}],
    "checksums": [{"algorithm": "SHA256", "checksumValue": HASH}],
}  # fmt: skip
SPDX = {
    "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "documentDescribes": ["SPDXRef-0"],
    "packages": [{"SPDXID": "SPDXRef-0", "name": "app"}, PACKAGE],
}  # fmt: skip
TAGS = f"""SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-0
PackageName: app
SPDXID: SPDXRef-0
PackageName: log4j
SPDXID: SPDXRef-1
PackageVersion: 2.17.1
PackageSupplier: Organization: Apache
PackageDescription: <text>PackageName: not one
still none</text>
PackageChecksum: SHA256: {HASH}
PackageLicenseConcluded: Apache-2.0
ExternalRef: PACKAGE-MANAGER purl pkg:maven/org.x/log4j@2.17.1
"""


def _read(tmp_path: Path, text: str) -> list[Read | Skipped | Passed]:
    path = tmp_path / "bom"
    path.write_text(text, encoding="utf-8")
    assert sbom.sniff(path.read_bytes()[: sbom.HEAD])
    return list(sbom.read(path, {"system": "S1"}, "d" * 64))


@pytest.mark.parametrize("text", [json.dumps(CYCLONE), XML, json.dumps(SPDX), TAGS])
def test_every_form_tells_the_same_component(tmp_path: Path, text: str) -> None:
    """Name, version, purl, licence, hash and supplier come out alike; what the bill is about is no component."""
    first = _read(tmp_path, text)[0]
    assert isinstance(first, Read)
    flat = dict(first.flat)
    flat.pop("group", None)
    flat.pop("cpe", None)
    assert flat == {
        "name": "log4j", "version": "2.17.1", "purl": PURL, "licences": ["Apache-2.0"],
        "sha256": HASH, "supplier_name": "Apache", "system": "S1", "sbom": "d" * 64,
    }  # fmt: skip


def test_components_within_components_count_and_doubles_do_not(tmp_path: Path) -> None:
    """Nested ones are told with their place, the same one again is passed by, one without a name is left out."""
    rows = _read(tmp_path, json.dumps(CYCLONE))
    assert [type(each) for each in rows] == [Read, Read, Passed, Skipped]
    assert rows[1].where == "bom!components[0].components[0]"
    assert isinstance(rows[1], Read)
    assert rows[1].flat["licences"] == ["MIT OR ISC"]


def _nested(depth: int) -> str:
    head = '{"bomFormat":"CycloneDX","components":['
    return head + '{"name":"a","components":[' * depth + "]}" * depth + "]}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (_nested(60), "嵌套"),
        (_nested(30_000), "嵌套"),
        ('<!DOCTYPE bom [<!ENTITY a "b">]><bom xmlns="http://cyclonedx.org/schema/bom/1.5">&a;</bom>', "DOCTYPE"),
        ('<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components>', "XML"),
        ('{"bomFormat": "CycloneDX", "components": [', ""),
        ('{"spdxVersion": "SPDX-3.0"}', "SPDX 2"),
    ],
)
def test_hostile_and_broken_bills_end_with_one_error(tmp_path: Path, text: str, why: str) -> None:
    """Depth, entities, truncation and other versions are refused with the reason."""
    with pytest.raises(InvalidFile) as caught:
        _read(tmp_path, text)
    assert caught.value.code == "E1385"
    assert why in caught.value.why


def test_other_files_are_no_bills() -> None:
    """A table or other JSON is not taken for a bill."""
    assert not sbom.sniff("系统名称,系统编号\n".encode())
    assert not sbom.sniff(b'{"a": 1}')
    assert not sbom.sniff(b"<nmaprun/>")
