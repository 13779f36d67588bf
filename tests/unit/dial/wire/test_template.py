"""Twin of secops/dial/wire/template.py: what we write, Scapy reads, checksums included."""

import ipaddress

import numpy as np
import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from secops.dial.wire.template import PAD, Template, folded, words


@pytest.mark.parametrize("width", [4, 16])
def test_rows_are_the_packets_scapy_would_build(width: int) -> None:
    """Every row, checksums too, equals Scapy's own packet with the same addresses, ports and sequence."""
    rng = np.random.default_rng(width)
    source = rng.bytes(width)
    template = Template(source, b"\2\0\0\0\0\1", b"\2\0\0\0\0\2")
    sheet = template.sheet(300)
    targets = rng.integers(0, 256, (300, width), dtype=np.uint8)
    ours, ports = (rng.integers(1, 65536, 300, dtype=np.uint16) for _ in "ab")
    sequence = rng.integers(0, 2**32, 300, dtype=np.uint32)
    template.fill(sheet, targets, template.sums(targets), source_ports=ours, ports=ports, sequence=sequence)
    layer = IP if width == 4 else IPv6
    for i in range(300):
        raw = sheet.rows[i, PAD : PAD + template.length].tobytes()
        packet = Ether(raw)
        assert packet[layer].src == str(ipaddress.ip_address(source))
        assert packet[layer].dst == str(ipaddress.ip_address(targets[i].tobytes()))
        assert packet[TCP].dport == int.from_bytes(ports[i : i + 1].tobytes(), "big")
        assert packet[TCP].sport == int.from_bytes(ours[i : i + 1].tobytes(), "big")
        assert packet[TCP].seq == int.from_bytes(sequence[i : i + 1].tobytes(), "big")
        assert packet[TCP].flags == "S"
        del packet[TCP].chksum
        if width == 4:
            del packet[IP].chksum
        assert bytes(packet) == raw


def test_a_hop_of_its_own_is_written_per_row() -> None:
    """Targets on our own link carry their own hardware address."""
    template = Template(b"\1\2\3\4", b"\2" * 6)
    sheet = template.sheet(2)
    template.next_hops(sheet, np.array([[1, 2, 3, 4, 5, 6]], np.uint8))
    assert sheet.rows[0, PAD : PAD + 6].tobytes() == b"\1\2\3\4\5\6"
    assert sheet.rows[1, PAD : PAD + 6].tobytes() == bytes(6)


def test_carries_are_folded_in() -> None:
    """The largest sums a packet can bring still fold to sixteen bits."""
    got = folded(np.array([0, 0xFFFF, 0x1FFFE, 0xFFFF * 40], np.uint32))
    assert got.tolist() == [0xFFFF, 0, 0, 0]
    assert words(b"\1\2\3") == 0x0201 + 0x03
