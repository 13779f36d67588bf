from secops.discover.collectors.favicon import favicon_hash, murmur3


def test_known_values():
    """MurmurHash3 x86 32 with seed 0 gives the reference vectors."""
    assert murmur3(b"") == 0
    assert murmur3(b"hello") == 0x248BFA47
    assert murmur3(b"hello, world") == 0x149BBB7F
    assert murmur3(b"The quick brown fox jumps over the lazy dog") == 0x2E4FF723


def test_signed():
    """The hash of an icon is signed, 32 bit."""
    values = {favicon_hash(bytes([n]) * 50) for n in range(50)}
    assert min(values) < 0 < max(values)
    assert all(-(1 << 31) <= each < 1 << 31 for each in values)
