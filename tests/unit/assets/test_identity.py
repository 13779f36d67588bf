"""Natural keys."""

import pytest

from secops.assets.identity import is_asset, service_key, website_key, website_key_of


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
