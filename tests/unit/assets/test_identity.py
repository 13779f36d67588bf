"""What identifies, and what never does."""

import pytest

from secops.assets.identity import (
    host_key,
    identifiers,
    is_asset,
    mac,
    service_key,
    website_key,
    website_key_of,
)

_KEY = "SHA256:" + "a" * 43


@pytest.mark.parametrize(
    "text",
    [
        "02:11:22:33:44:55",  # locally administered
        "01:11:22:33:44:55",  # group
        "00:00:5e:00:01:0a",  # VRRP
        "00:00:0c:07:ac:01",  # HSRP
        "00:07:b4:00:01:02",  # GLBP
        "00:50:56:aa:bb:cc",  # VMware
        "00:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff",
        "nonsense",
    ],
)
def test_shared_and_made_up_macs_identify_nothing(text: str) -> None:
    """Virtual router, cloned, local and group addresses are no identity."""
    assert mac(text) == ""


def test_a_global_mac_is_written_one_way() -> None:
    """Dots, dashes and capitals make no second machine."""
    assert mac("48-DF-37-00-00-01") == mac("48df.3700.0001") == "48:df:37:00:00:01"


def test_only_a_whole_fingerprint_is_a_host_key() -> None:
    """A short or strange fingerprint identifies nothing."""
    assert host_key(_KEY) == _KEY
    assert host_key("SHA256:short") == ""
    assert host_key("MD5:aa") == ""


def test_the_host_key_comes_before_the_mac() -> None:
    """Of several identifiers the best is first."""
    assert identifiers((_KEY,), ("48:df:37:00:00:01",)) == (f"ssh:{_KEY}", "mac:48:df:37:00:00:01")
    assert identifiers(None, "x") == ()


@pytest.mark.parametrize("address", ["224.0.0.1", "255.255.255.255", "0.0.0.0", "ff02::1", "::"])
def test_group_and_unspecified_addresses_are_no_assets(address: str) -> None:
    """Multicast, broadcast and the unspecified address belong to nobody."""
    assert not is_asset(address)


@pytest.mark.parametrize("address", ["198.18.0.1", "2001:db8::1", "10.0.0.1"])
def test_unicast_addresses_are_assets(address: str) -> None:
    """Ordinary addresses count."""
    assert is_asset(address)


def test_keys_are_written_one_way() -> None:
    """IPv6 in brackets, host names in lower case without the last dot, the port always."""
    assert service_key("2001:db8::1", 22) == "[2001:db8::1]:22/tcp"
    assert website_key("https", "WWW.Example.", 443) == "https://www.example:443"
    assert website_key_of("https://www.example/path") == "https://www.example:443"
    with pytest.raises(ValueError, match="origin"):
        website_key_of("https://user:pw@www.example")
