"""Twin of secops/dial/wire/segment.py."""

import ipaddress

import numpy as np
import pytest

from secops.dial.wire import segment as module
from secops.dial.wire.segment import OPEN, Segment, Space, segments
from secops.scope.intervals import IntervalSet

ACROSS_FOUR = ["198.19.0.250-198.19.1.5", "198.19.7.0/30"]
ACROSS_SIX = ["fd19::fffe-fd19::1:5", "fd19:0:0:0:ffff:ffff:ffff:fffe-fd19:0:0:1::2"]


@pytest.mark.parametrize("words", [ACROSS_FOUR, ACROSS_SIX])
def test_numbers_stand_for_the_addresses_in_order(words: list[str]) -> None:
    """Number i is the i-th address of the ranges, across carries of the low half."""
    wanted = IntervalSet.parse(words)
    ranges, width = (wanted.v4, 4) if wanted.v4 else (wanted.v6, 16)
    space = Space(ranges, width)
    got = space.addresses(np.arange(space.count, dtype=np.uint64))
    assert [str(ipaddress.ip_address(each.tobytes())) for each in got] == list(wanted.addresses())


def test_every_pair_is_asked_once_across_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """All segments together hold each (address, port) once; a cell asks what `locate` finds it by."""
    monkeypatch.setattr(module, "CELLS", 64)
    wanted = IntervalSet.parse(["198.19.0.0-198.19.0.99"])
    ports = (80, 443, 22, 8080, 3306)
    met: list[tuple[str, int]] = []
    for each in segments(wanted.v4, 4, ports, 3):
        cells = each.pending()
        host, port = each.rows(cells)
        assert len(cells) <= 64
        assert np.array_equal(each.locate(each.addresses[host], port), cells)
        met += [
            (str(ipaddress.ip_address(each.addresses[h].tobytes())), p)
            for h, p in zip(host, port.byteswap().tolist(), strict=True)
        ]
    assert len(met) == len(set(met)) == 500
    assert {address for address, _ in met} == set(wanted.addresses())


def test_strangers_are_nowhere() -> None:
    """An address or a port that was not asked has no cell."""
    part = Segment(np.array([[198, 19, 0, 1], [198, 19, 0, 2]], np.uint8), (80,))
    asked = np.array([[198, 19, 0, 3], [198, 19, 0, 2], [0, 0, 0, 0]], np.uint8)
    ports = np.array([80, 81, 80], np.uint16).byteswap()
    assert part.locate(asked, ports).tolist() == [-1, -1, -1]


def test_a_round_asks_each_host_once() -> None:
    """Groups of one round never ask a host twice; what is answered is asked no more."""
    part = Segment(np.arange(40, dtype=np.uint8).reshape(10, 4), (1, 2, 3))
    part.state[5] = OPEN
    groups = list(part.groups(part.pending(), 1))
    assert [len(group) for group in groups] == [9, 10, 10]
    for group in groups:
        host, _ = part.rows(group)
        assert len(set(host.tolist())) == len(group)
