import pytest

from secops.dial.dns import AAAA, A, Malformed, parse, query


def answer(name: str, kind: int, records: bytes, count: int, flags: bytes = b"\x81\x80") -> bytes:
    asked = query(7, name, kind)
    return asked[:2] + flags + b"\0\1" + count.to_bytes(2, "big") + b"\0\0\0\0" + asked[12:] + records


def record(kind: int, value: bytes) -> bytes:
    return b"\xc0\x0c" + kind.to_bytes(2, "big") + b"\0\1\0\0\0\x3c" + len(value).to_bytes(2, "big") + value


def test_addresses_are_read():
    """A and AAAA records give canonical addresses with their owner."""
    data = answer("a.gov.cn", A, record(A, bytes([198, 18, 0, 1])), 1)
    assert parse(data, 7, "a.gov.cn", A).addresses == (("a.gov.cn", "198.18.0.1"),)
    data = answer("a.gov.cn", AAAA, record(AAAA, bytes(15) + b"\1"), 1)
    assert parse(data, 7, "a.gov.cn", AAAA).addresses == (("a.gov.cn", "::1"),)


def test_aliases_are_read():
    """A CNAME gives its target."""
    data = answer("a.gov.cn", A, record(5, b"\1b\2cn\0"), 1)
    assert parse(data, 7, "a.gov.cn", A).aliases == (("a.gov.cn", "b.cn"),)


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64 + ".cn", ".".join(["a" * 60] * 5)])
def test_names_dns_cannot_carry(name):
    """A name that cannot be sent is refused before sending."""
    with pytest.raises(Malformed):
        query(1, name, A)


def test_chinese_names_are_sent_as_idna():
    """A name in Chinese goes out in its ASCII form."""
    assert b"xn--" in query(1, "测试.政务", A)


@pytest.mark.parametrize(
    "data", [b"", bytes(12), answer("b.cn", A, b"", 0), answer("a.cn", A, b"", 0)[:20], query(7, "a.cn", A)]
)
def test_what_is_no_answer_is_malformed(data):
    """Short, foreign or unanswered messages are refused."""
    with pytest.raises(Malformed):
        parse(data, 7, "a.cn", A)


def test_compression_loop_ends():
    """A name that points at itself ends."""
    data = answer("a.cn", A, b"\xc0\x16" + bytes(12), 1)
    with pytest.raises(Malformed):
        parse(data[:22] + b"\xc0\x16" + bytes(12), 7, "a.cn", A)
