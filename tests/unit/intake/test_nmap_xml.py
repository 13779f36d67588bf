import base64
import io
import tracemalloc
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.core.model import Observation, Skipped, Status, Transport
from secops.intake.nmap_xml import read, sniff

GOLDEN = Path(__file__).parents[2] / "golden" / "intake"

HOST = """<host starttime="1700000000" endtime="1700000009"><status state="up" reason="echo-reply"/>
<address addr="198.18.0.5" addrtype="ipv4"/><address addr="00:1B:21:AA:BB:CC" addrtype="mac" vendor="Intel"/>
<hostnames><hostname name="OA.example.gov.cn." type="PTR"/></hostnames>
<ports><extraports state="closed" count="997"/>
<port protocol="tcp" portid="22"><state state="open"/><service name="ssh" product="OpenSSH" version="9.2p1"
 method="probed" conf="10"><cpe>cpe:/a:openbsd:openssh:9.2p1</cpe></service></port>
<port protocol="tcp" portid="80"><state state="closed"/><service name="http" method="table"/></port>
<port protocol="tcp" portid="5236"><state state="open"/><service name="padl2sim" method="table"/></port>
</ports><os><osmatch name="Linux 6.1"><osclass type="general purpose"/></osmatch></os></host>"""


def rows(text: str | bytes) -> list[Observation | Skipped]:
    data = text.encode() if isinstance(text, str) else text
    return list(read(io.BytesIO(data), "gz", "nmap", "run-1"))


def document(*hosts: str) -> str:
    return '<?xml version="1.0"?><!DOCTYPE nmaprun><nmaprun start="1699999999">' + "".join(hosts) + "</nmaprun>"


def test_a_host_and_its_open_ports_become_observations() -> None:
    """A host gives one observation of the address and one of each open port, closed ones give none."""
    host, ssh, dm = rows(document(HOST))
    assert isinstance(host, Observation)
    assert (host.target.address, host.target.port, host.seen_at) == ("198.18.0.5", 0, 1_700_000_009_000)
    assert host.facts["host.names"] == ("oa.example.gov.cn",)
    assert host.facts["host.mac"] == ("00:1b:21:aa:bb:cc",)
    assert host.facts["host.os"] == "Linux 6.1"
    assert isinstance(ssh, Observation)
    assert (ssh.target.port, ssh.target.transport, ssh.status) == (22, Transport.TCP, Status.OPEN)
    assert ssh.facts["service.product"] == "OpenSSH"
    assert ssh.facts["service.cpe"] == ("cpe:/a:openbsd:openssh:9.2p1",)
    assert isinstance(dm, Observation)
    assert "service.name" not in dm.facts
    assert dm.extra["guessed"] == "padl2sim"


def test_host_keys_are_told_by_their_fingerprints() -> None:
    """What ssh-hostkey says of keys becomes what `ssh-keygen -l` says of them; what is no key is passed over."""
    tables = "".join(
        f'<table><elem key="type">{kind}</elem><elem key="bits">256</elem><elem key="key">{key}</elem></table>'
        for kind, key in (("ssh-ed25519", "AAAAC3Nz"), ("ssh-rsa", "AAAAB3Nz"), ("ssh-dss", "no key!"))
    )
    after = '</port>\n<port protocol="tcp" portid="80">'
    script = f'<script id="ssh-hostkey" output="&#xa;  256 aa:bb (ED25519)">{tables}</script>'
    _, ssh, _ = rows(document(HOST.replace(after, script + after)))
    assert isinstance(ssh, Observation)
    marks = {
        "SHA256:" + base64.b64encode(sha256(base64.b64decode(each)).digest()).decode().rstrip("=")
        for each in ("AAAAC3Nz", "AAAAB3Nz")
    }
    assert set(ssh.facts["ssh.host_key"]) == marks  # type: ignore[arg-type]  # a tuple of texts
    assert ssh.facts["ssh.host_key_type"] == ("ssh-ed25519", "ssh-rsa")
    assert ssh.facts["service.cpe"] == ("cpe:/a:openbsd:openssh:9.2p1",)


def test_reading_twice_gives_the_same_ids() -> None:
    """The same file gives the same rows with the same ids."""
    assert rows(document(HOST)) == rows(document(HOST))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("external-entity.xml", "entity"),
        ("billion-laughs.xml", "entity"),
        ("truncated.xml", "truncated"),
        ("deep.xml", "deeper"),
        ("not-nmap.xml", "not <nmaprun>"),
        ("empty.xml", "truncated|no <nmaprun>|not well-formed"),
    ],
)
def test_hostile_files_keep_what_came_before(name: str, reason: str) -> None:
    """A hostile or broken file ends in one Skipped that says where and why; complete hosts before it are kept."""
    import re

    found = rows((GOLDEN / name).read_bytes())
    assert isinstance(found[-1], Skipped)
    assert re.search(reason, found[-1].reason)
    assert found[-1].where.startswith("line ")
    if name in {"truncated.xml", "deep.xml"}:
        assert [str(each.target) for each in found if isinstance(each, Observation)][:1] == ["198.18.0.5"]


def test_a_host_without_address_is_left_out_by_line() -> None:
    """A host whose address is none is skipped with its line, and the next one is read."""
    bad = '<host><status state="up"/><address addr="999.1.1.1" addrtype="ipv4"/></host>'
    skipped, *good = rows(document(bad, HOST))
    assert isinstance(skipped, Skipped)
    assert "999.1.1.1" in skipped.reason
    assert len(good) == 3


def test_memory_does_not_grow_with_the_file() -> None:
    """Fifty times as many hosts need no more memory than a few."""

    class Many(io.RawIOBase):
        left = 4000

        def read(self, size: int = -1) -> bytes:
            if self.left == 4000:
                self.left -= 1
                return b"<nmaprun>"
            self.left -= 1
            return HOST.encode() if self.left > 0 else b""

    tracemalloc.start()
    count = sum(1 for _ in read(Many(), "gz", "nmap", "r"))  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count > 11_000
    assert peak < 4_000_000


@given(st.binary(max_size=400))
def test_any_bytes_are_rows_or_a_reason(data: bytes) -> None:
    """Whatever follows a good beginning, reading ends in rows and reasons, never in an exception."""
    for prefix in (b"", b"<nmaprun>", document(HOST).encode()[:-40]):
        assert all(isinstance(each, (Observation, Skipped)) for each in rows(prefix + data))


def test_sniff_knows_its_own() -> None:
    """The beginning of such a file is recognised, a web page is not."""
    assert sniff(document().encode())
    assert not sniff(b"<html><body>")
