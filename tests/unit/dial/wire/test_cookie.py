"""Twin of secops/dial/wire/cookie.py."""

import struct

import numpy as np
import pytest

from secops.dial.wire.cookie import Cookie, siphash

MASK = (1 << 64) - 1


def plain(key: bytes, message: bytes, compress: int, final: int) -> int:
    """SipHash as its paper tells it, one message at a time."""
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def turn() -> None:
        def rot(x: int, b: int) -> int:
            return (x << b | x >> (64 - b)) & MASK

        v[0] = (v[0] + v[1]) & MASK
        v[1] = rot(v[1], 13) ^ v[0]
        v[0] = rot(v[0], 32)
        v[2] = (v[2] + v[3]) & MASK
        v[3] = rot(v[3], 16) ^ v[2]
        v[0] = (v[0] + v[3]) & MASK
        v[3] = rot(v[3], 21) ^ v[0]
        v[2] = (v[2] + v[1]) & MASK
        v[1] = rot(v[1], 17) ^ v[2]
        v[2] = rot(v[2], 32)

    padded = message + bytes(-(len(message) + 1) % 8) + bytes([len(message) & 255])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        for _ in range(compress):
            turn()
        v[0] ^= word
    v[2] ^= 255
    for _ in range(final):
        turn()
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def test_the_papers_vector_comes_out() -> None:
    """SipHash-2-4 of the paper's Appendix A: 15 bytes 00..0e under key 00..0f give a129ca6149be45e5."""
    key, message = bytes(range(16)), bytes(range(15))
    assert plain(key, message, 2, 4) == 0xA129CA6149BE45E5
    words = [np.array([int.from_bytes(message[:8], "little")], np.uint64)]
    tail = np.array([int.from_bytes(message[8:], "little")], np.uint64)
    assert int(siphash(key, words, tail, 15, compress=2, final=4)[0]) == 0xA129CA6149BE45E5


@pytest.mark.parametrize("width", [4, 16])
def test_the_sequence_is_siphash_of_where_the_probe_goes(width: int) -> None:
    """The vectorised cookie equals SipHash-1-3 over destination, source and ports in network order."""
    rng = np.random.default_rng(width)
    key, source = rng.bytes(16), rng.bytes(width)
    targets = rng.integers(0, 256, (50, width), dtype=np.uint8)
    ours = rng.integers(0, 65536, 50, dtype=np.uint16)
    ports = rng.integers(0, 65536, 50, dtype=np.uint16)
    got = Cookie(key, source).sequence(targets, ours.astype("<u2"), ports.astype("<u2"))
    for i in range(50):
        message = targets[i].tobytes() + source + struct.pack("<HH", ours[i], ports[i])
        assert int(got[i]) == plain(key, message, 1, 3) & 0xFFFFFFFF


def test_another_key_gives_another_sequence() -> None:
    """Without the key the sequence cannot be told."""
    one, two = (Cookie(bytes([k] * 16), b"\1\2\3\4") for k in (1, 2))
    target, port = np.zeros((1, 4), np.uint8), np.zeros(1, np.uint16)
    assert one.sequence(target, port, port) != two.sequence(target, port, port)
    with pytest.raises(ValueError, match="16"):
        Cookie(b"short", b"\1\2\3\4")
