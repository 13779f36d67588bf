"""Addresses on one line."""

import pytest

from secops.core.address import V4, number, pack, span, unpack


@pytest.mark.parametrize("text", ["198.18.0.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::1"])
def test_packing_and_back(text: str) -> None:
    """What is packed is unpacked in canonical form, and bytes sort as the numbers do."""
    assert unpack(pack(text)) == text
    assert int.from_bytes(pack(text), "big") == number(text)


def test_ipv4_lies_inside_ipv6() -> None:
    """A mapped address is the same place as its IPv4 form."""
    assert number("::ffff:198.18.0.1") == number("198.18.0.1")
    assert number("0.0.0.0") == V4


def test_span_of_networks_and_single_addresses() -> None:
    """Host bits are allowed, one address is a network of one."""
    assert span("198.18.3.7/16") == (number("198.18.0.0"), number("198.18.255.255"))
    assert span("::1") == (1, 1)


@pytest.mark.parametrize("text", ["", "198.18.0.256", "fe80::1%eth0", "www.gd.gov.cn", "198.18.0.0/33"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """Names, zones and impossible numbers raise ValueError."""
    with pytest.raises(ValueError):
        span(text)
