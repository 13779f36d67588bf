import pytest

from secops.discover.probes.book import Match
from secops.discover.probes.heads import Heads, head


def match(pattern, *, ignore_case=False):
    return Match("x", pattern, ignore_case, False, False, 1, ())


@pytest.mark.parametrize(
    ("pattern", "begin"),
    [
        (rb"^220 (\S+)", b"220 "),
        (rb"^HTTP/1\.[01] ", b"HTTP/1."),
        (rb"^\x16\x03\0[ab]", b"\x16\x03\0"),
        (rb"^\r\n\t\0x", b"\r\n\t\0x"),
        (rb"^abc*", b"ab"),
        (rb"^ab+c", b"ab"),
        (rb"^ab?", b"a"),
        (rb"^ab{2}", b"a"),
        (rb"^a|b", b""),
        (rb"^(a|b)", b""),
        (rb"^x(a|b)", b"x"),
        (rb"^x[|]y", b"x"),
        (rb"^x\|y", b"x|y"),
        (rb"^a\d", b"a"),
        (rb"^a\012", b"a"),
        (rb"abc", b""),
    ],
)
def test_head(pattern, begin):
    """What every match begins with is read off the pattern, and never more than is certain."""
    assert head(match(pattern)) == begin


def test_case_insensitive_has_none():
    """A pattern that ignores case promises nothing."""
    assert head(match(rb"^abc", ignore_case=True)) == b""


def test_candidates_in_file_order():
    """What may match comes in the order of the file, with all whose beginning cannot be told."""
    heads = Heads([match(rb"^b"), match(rb"x"), match(rb"^ba"), match(rb"^c")])
    assert heads.candidates(b"bad") == [0, 1, 2]
    assert heads.candidates(b"") == [1]
