"""The swift reader of nmap's XML gives what expat gives, on true files and on damaged ones."""

import io
import random
import re
import shutil
import subprocess

import pytest

from secops.core.model import Observation, Skipped
from secops.intake import nmap_xml
from secops.intake.interface import Ledger
from secops.intake.nmap_swift import Swift

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE nmaprun>\n<!-- Nmap 7.93 -->\n<nmaprun start="1699999999">\n'
HOST = """<host starttime="1700000000" endtime="17000000{n:02}"><status state="up" reason="syn-ack" reason_ttl="0"/>
<address addr="198.18.0.{n}" addrtype="ipv4"/>
<address addr="00:1B:21:AA:BB:{n:02}" addrtype="mac" vendor="Intel, Inc."/>
<hostnames>
<hostname name="OA{n}.example.gov.cn." type="PTR"/>
</hostnames>
<ports><extraports state="closed" count="997">
<extrareasons reason="reset" count="997" proto="tcp" ports="1-21,23-79"/>
</extraports>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="64"/><service name="ssh" product="OpenSSH" version="9.2p1" extrainfo="x &amp; y" method="probed" conf="10"><cpe>cpe:/a:openbsd:openssh:9.2p1</cpe></service></port>
<port protocol="tcp" portid="80"><state state="closed" reason="reset" reason_ttl="64"/></port>
<port protocol="udp" portid="161"><state state="open" reason="udp-response" reason_ttl="64"/><service name="snmp" method="table" conf="3"/><script id="snmp-info" output="a&#xa;b"><table><elem key="k">v</elem></table></script></port>
</ports>
<times srtt="100" rttvar="50" to="100000"/>
</host>
"""  # noqa: E501 - as nmap writes it
TAIL = '<runstats><finished time="1700000099"/></runstats>\n</nmaprun>\n'


def read(data: bytes, monkeypatch=None) -> tuple[list[Observation | Skipped], Ledger]:
    ledger = Ledger()
    if monkeypatch is not None:
        monkeypatch.setattr(Swift, "host", lambda *_: None)
    rows = list(nmap_xml.read(io.BytesIO(data), "gz", "me", "run", ledger))
    if monkeypatch is not None:
        monkeypatch.undo()
    return rows, ledger


def document(hosts: int = 12) -> bytes:
    return (HEAD + "".join(HOST.format(n=n) for n in range(10, 10 + hosts)) + TAIL).encode()


def test_a_scan_as_nmap_writes_it_needs_expat_for_no_host(monkeypatch):
    """Hosts in nmap's own form are read swiftly, each and every one, with the same rows as by expat."""
    taken = []
    original = Swift.host
    monkeypatch.setattr(Swift, "host", lambda self, text: taken.append(found := original(self, text)) or found)
    rows, ledger = read(document())
    monkeypatch.undo()
    assert len(taken) == 12
    assert None not in taken
    assert ledger.read == 12
    assert (rows, ledger) == read(document(), monkeypatch)
    assert rows[0].facts["host.names"] == ("oa10.example.gov.cn",)
    assert rows[2].extra["scripts"] == {"snmp-info": "a\nb"}


def test_damaged_files_give_the_same_either_way(monkeypatch):
    """A thousand damaged scans give the same rows, ledger, reasons and places with the swift reader and without."""
    rng, true = random.Random(5), document(4)
    for _ in range(1_000):
        data = bytearray(true)
        for _ in range(rng.randrange(1, 4)):
            place = rng.randrange(len(data))
            what = rng.randrange(5)
            if what == 0:
                data[place] = rng.choice(b'<>"&/=x\n\x00\xff]-!0')
            elif what == 1:
                del data[place : place + rng.randrange(1, 60)]
            elif what == 2:
                data[place:place] = data[place : place + rng.randrange(1, 400)]
            elif what == 3:
                data[place:place] = rng.choice(
                    (b"<!-- ", b" -->", b"<![CDATA[", b"]]>", b"</host>", b"<host ", b"<?x ?>")
                )
            else:
                data[place:place] = rng.choice((b"</port>", b"<ports>", b"</ports>", b"<os/>", "中".encode(), b"&lt;"))
        data = bytes(data)
        assert read(data) == read(data, monkeypatch), data


@pytest.mark.parametrize(
    "head",
    [
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<nmaprun>\n',
        '<!DOCTYPE nmaprun [<!ATTLIST state state CDATA "open">]>\n<nmaprun>\n',
        "<nmaprun>\n<!-- <host \n",
        "<nmaprun><![CDATA[\n",
    ],
)
def test_odd_beginnings_are_left_to_expat(head, monkeypatch):
    """Another encoding, own declarations, an open comment: expat alone reads on."""
    data = (head + HOST.format(n=10) * 2 + TAIL).encode()
    assert read(data) == read(data, monkeypatch)


@pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not installed")
def test_what_the_installed_nmap_writes(monkeypatch):
    """A scan of the loopback by the installed nmap gives the same rows either way."""
    words = ["nmap", "-n", "-Pn", "-sT", "-p", "1-3", "-oX", "-", "127.0.0.1-2"]
    done = subprocess.run(words, capture_output=True, check=True, timeout=60)
    assert read(done.stdout) == read(done.stdout, monkeypatch)
    assert re.search(rb"<host starttime=", done.stdout)
