"""A signed scope verifies; with any byte of it or of its signature changed it does not."""

import functools
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.core.clock import ManualClock, parse
from secops.core.errors import Refused, SecopsError
from secops.scope import keys, signature
from secops.scope.template import Draft, render
from secops.scope.yaml_source import Source

pytestmark = pytest.mark.property
DOCUMENT = render(
    Draft("甲", "lab", "法", "号", "局", "2026-06-01", "2026-06-30", ["198.18.0.0/24"], ["张三"])
).encode()


@functools.cache
def room() -> tuple[Path, bytes]:
    folder = Path(tempfile.mkdtemp())
    (folder / "s.yaml").write_bytes(DOCUMENT)
    keys.generate("chief", b"correct horse", folder / "keys", folder / "trust")
    key = keys.private_key(folder / "keys" / "chief.key", b"correct horse")
    signature.sign(folder / "s.yaml", key, "chief", ManualClock(parse("2026-06-10")))
    return folder, (folder / "s.yaml.sig").read_bytes()


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_any_byte(data: st.DataObject) -> None:
    """Any single byte of document or signature file set to another value is refused."""
    folder, signed = room()
    name, whole = data.draw(st.sampled_from([("s.yaml", DOCUMENT), ("s.yaml.sig", signed)]))
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytes([whole[place] ^ data.draw(st.integers(1, 255))])
    (folder / "s.yaml").write_bytes(DOCUMENT)
    (folder / "s.yaml.sig").write_bytes(signed)
    assert signature.verify(folder / "s.yaml", folder / "trust")[0].signed_by == "chief"
    (folder / name).write_bytes(whole[:place] + flipped + whole[place + 1 :])
    with pytest.raises(Refused):
        signature.verify(folder / "s.yaml", folder / "trust")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet="ab:-[]{}&*!|>'\"#\n ?,<%@`0", max_size=80).map(str.encode))
def test_yaml_never_breaks(data: bytes) -> None:
    """Whatever the bytes, the loader gives plain data or one of our own errors with a place."""
    try:
        place = Source.load(data, "t", aliases=5).where()
    except SecopsError as error:
        place = error.where
    assert place.startswith("t")
