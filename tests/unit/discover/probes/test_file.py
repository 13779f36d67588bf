import pytest

from secops.core.errors import InvalidFile
from secops.discover.probes import file
from secops.discover.probes.file import find, load, parse, sends, unescape


def test_reads_every_directive(book):
    """Probes keep their order and everything the file says of them; NULL stands apart."""
    assert [each.name for each in book.probes] == ["Lines", "GetRequest", "Hello", "Options", "Rare", "Ask"]
    assert (book.null.total_wait, book.null.wrapped) == (6.0, 3.0)
    assert book.counts() == {"probes": 7, "matches": 11, "softmatches": 2, "services": 9}
    get = book.probes[1]
    assert (get.sends, get.rarity, 8080 in get.ports, 443 in get.tls_ports) == (
        b"GET / HTTP/1.0\r\n\r\n",
        1,
        True,
        True,
    )
    assert [each.name for each in book.probes[2].chain] == ["Hello", "GetRequest", "NULL"]
    assert [each.name for each in book.probes[-1].chain] == ["Ask"]
    assert [each.name for each in book.listed(443)] == ["Hello"]
    assert [each.name for each in book.listed(443, tls=True)] == ["GetRequest"]
    assert book.excludes(9101)
    assert not book.excludes(9101, udp=True)
    assert book.excludes(7, udp=True)
    assert list(book.probes[0].ports) == [4000, 4001]


def test_match_line_with_all_its_parts(book):
    """A match line gives its service, pattern, options and templates as written."""
    ssh = book.null.matches[0]
    assert (ssh.service, ssh.soft, ssh.dot_all, ssh.ignore_case) == ("ssh", False, False, False)
    assert ssh.templates == (
        ("p", b"OpenSSH"), ("v", b"$2"), ("i", b"protocol $1"), ("cpe", b"a:openbsd:openssh:$2"),
    )  # fmt: skip
    assert book.null.matches[2].soft


def test_escapes():
    """Escapes mean what they mean in C; any other sign stands for itself."""
    assert unescape(rb"\0\a\b\f\n\r\t\v\x7fA\|\\") == b"\0\a\b\f\n\r\t\v\x7fA|\\"


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (b"match x m|a|", 1, "before the first Probe"),
        (b"# c\nprobe TCP a q|b|", 2, "unknown directive"),
        (b"Probe SCTP a q|b|", 1, "TCP or UDP"),
        (b"Probe TCP a b|b|", 1, "begins with q"),
        (b"Probe TCP a q|b", 1, "no end"),
        (b"Probe TCP a q|\\x1|", 1, "hexadecimal"),
        (b"Probe TCP a q|\\q|", 1, "unknown escape"),
        (b"Probe TCP a q|b|\nports 1-x", 2, "not a port list"),
        (b"Probe TCP a q|b|\nports 9-3", 2, "not a range"),
        (b"Probe TCP a q|b|\nports 65536", 2, "not a range"),
        (b"Probe TCP a q|b|\nrarity 10", 2, "from 1 to 9"),
        (b"Probe TCP a q|b|\ntotalwaitms 1", 2, "from 100"),
        (b"Probe TCP a q|b|\nmatch x", 2, "not understood"),
        (b"Probe TCP a q|b|\nmatch x p|a|", 2, "stands m"),
        (b"Probe TCP a q|b|\nmatch x m|a", 2, "no closing"),
        (b"Probe TCP a q|b|\nmatch x m|a|g", 2, "unknown option"),
        (b"Probe TCP a q|b|\nmatch x m|a| z/1/", 2, "unknown template"),
        (b"Probe TCP a q|b|\nfallback nobody", 0, "unknown fallback"),
        (b"Probe TCP a q||\nProbe TCP c q||", 0, "two NULL"),
        (b"Probe TCP a q|b|\nExclude T:1", 2, "before all probes"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, line, why):
    """A malformed file is refused with the line and the reason."""
    with pytest.raises(InvalidFile, match="E1420") as caught:
        parse(text, "f")
    assert caught.value.where == (f"f:{line}" if line else "f")
    assert why in caught.value.why


def test_missing_and_oversized_files(tmp_path, monkeypatch):
    """A file that cannot be read, or is too large, is refused; a missing one is not found."""
    with pytest.raises(InvalidFile, match="E1420"):
        load(str(tmp_path / "none"))
    assert find(str(tmp_path / "none")) == ""
    big = tmp_path / "big"
    big.write_bytes(b"# " + b"x" * 100)
    monkeypatch.setattr(file, "BYTES_MOST", 50)
    with pytest.raises(InvalidFile, match="E1420"):
        load(str(big))
    assert find(str(big)) == str(big)


def test_shows_what_is_sent(book):
    """The plan can show each probe's bytes."""
    assert sends(book.probes[:2]) == (r"Lines: \r\n\r\n", r"GetRequest: GET / HTTP/1.0\r\n\r\n")
