"""What identifies, what does in pairs, and what never does."""

from pathlib import Path

import pytest

from secops.assets.marks import Rules, judge, mac, marks, read
from secops.core.clock import Instant
from secops.core.errors import InvalidFile
from secops.core.model import Observation, Status, Target
from secops.scope.yaml_source import Source

_FILE = Path(__file__).parents[3] / "rules" / "identity" / "machines.yaml"
_RULES = read(Source.read(_FILE))
_KEY = "SHA256:" + "a" * 43


def _see(collector: str = "snmp", name: str = "", **facts: object) -> Observation:
    told = {key.replace("__", "."): value for key, value in facts.items()}
    return Observation("gd", "o", "r", f"{collector}@1", Target("198.18.0.1", 1, name=name), Instant(1), Status.SUCCESS,
                       told)  # fmt: skip


def _marks(rules: Rules = _RULES, collector: str = "snmp", name: str = "", **facts: object) -> tuple[str, ...]:
    return marks(_see(collector, name, **facts), rules)


@pytest.mark.parametrize(
    "text",
    [
        "02:11:22:33:44:55",  # locally administered
        "01:11:22:33:44:55",  # group
        "00:00:5e:00:01:0a",  # VRRP
        "00:00:0c:07:ac:01",  # HSRP
        "00:07:b4:00:01:02",  # GLBP
        "00:50:56:aa:bb:cc",  # VMware
        "02:42:ac:11:00:02",  # Docker
        "00:15:5d:01:02:03",  # Hyper-V
        "00:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff",
        "nonsense",
    ],
)
def test_shared_and_made_up_macs_identify_nothing(text: str) -> None:
    """Virtual router, cloned, local and group addresses are no identity."""
    assert _marks(host__mac=(text,)) == ()


def test_a_global_mac_is_written_one_way() -> None:
    """Dots, dashes and capitals make no second machine."""
    assert mac("48-DF-37-00-00-01") == mac("48df.3700.0001") == "48:df:37:00:00:01"


def test_a_sensor_s_mac_may_be_a_router_s() -> None:
    """What ARP or the machine itself told counts, what was seen passing by does not."""
    assert _marks(collector="arp", host__mac=("48:df:37:00:00:01",)) == ("mac:48:df:37:00:00:01",)
    assert _marks(collector="zeek", host__mac=("48:df:37:00:00:01",)) == ()


def test_only_a_whole_fingerprint_is_a_host_key() -> None:
    """A short or strange fingerprint identifies nothing."""
    assert _marks(ssh__host_key=(_KEY, "SHA256:short", "MD5:aa")) == (f"ssh:{_KEY}",)


def test_a_serial_number_needs_its_manufacturer() -> None:
    """Numbers repeat between makers; place holders and zeros are nobody's."""
    assert _marks(device__serial="SN 0001", device__vendor="HUAWEI") == ("serial:huawei|sn 0001",)
    assert _marks(device__serial="SN0001") == ()
    for each in ("0000000", "To Be Filled By O.E.M.", "123"):
        assert _marks(device__serial=each, device__vendor="Dell") == ()


@pytest.mark.parametrize("engine", ["0000000000", "8000000000", "80001f88017f000001", "8000000901ffffffff" * 9, "8000"])
def test_default_engine_ids_identify_nothing(engine: str) -> None:
    """All zero, made of the loopback address, too long, too short."""
    assert _marks(snmp__engine_id=engine) == ()


def test_an_engine_id_identifies() -> None:
    """As RFC 3411 has it."""
    assert _marks(snmp__engine_id="80001f8804a1b2c3d4") == ("engine:80001f8804a1b2c3d4",)


def test_certificates_of_one_machine_identify_and_names_help() -> None:
    """Not under a name asked for, not wildcards, not defaults."""
    facts = {"tls__fingerprint": "a" * 64, "tls__names": ("www.example",), "tls__subject": "CN=www.example"}
    assert _marks(collector="tls", **facts) == ("cert:" + "a" * 64, "name:www.example")
    assert _marks(collector="tls", name="www.example", **facts) == ()
    assert _marks(collector="tls", **(facts | {"tls__names": ("*.example",)})) == ()


def test_each_mark_says_which_rule_weighs_it() -> None:
    """Strong, weak and never, with the reason."""
    told = {each.mark: (each.weight, each.why) for each in judge(_see(host__names=("web01", "localhost")), _RULES)}
    assert told["name:web01"][0] == "weak"
    assert told["name:localhost"][0] == "never"
    assert all(why for _, why in told.values())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("kinds: []\n", ":1:8"),
        ("kinds:\n  - {kind: bluetooth, weight: strong, zh: a, en: b}\n", ":2:12"),
        ("kinds:\n  - {kind: mac, weight: huge, zh: a, en: b}\n", ":2:25"),
        ("kinds:\n  - {kind: mac, weight: weak}\n", ":2:5"),
        ("kinds:\n  - {kind: mac, weight: weak, zh: a, en: b}\nnever:\n  - {kind: mac, zh: a, en: b}\n", ":4:5"),
        ("kinds:\n  - {kind: mac, weight: weak, zh: a, en: b}\nlimits: {addresses: 0}\n", ":3:21"),
        ("- 1\n", ":1:1"),
        ("nix: 1\n", ":1:6"),
    ],
)
def test_wrong_rules_are_refused_with_their_place(text: str, place: str) -> None:
    """Each error says line and column."""
    with pytest.raises(InvalidFile, match="E1330") as caught:
        read(Source.load(text, "x.yaml"))
    assert caught.value.where == f"x.yaml{place}"
