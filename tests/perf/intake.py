"""Reading files of other tools: nmap's XML beside python-libnmap, into the inventory, captures in packets a second.

Both sides read the same file, 100,000 hosts with three open ports each, in the same run; a child process each, so that
the peak of memory is its own.
"""

import json
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

HOSTS = 100_000
RUNS = 3
PACKETS = 1_000_000
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<?xml-stylesheet href="file:///usr/bin/../share/nmap/nmap.xsl" type="text/xsl"?>
<!-- Nmap 7.93 scan initiated as: nmap -sV -oX out.xml 10.0.0.0/8 -->
<nmaprun scanner="nmap" args="nmap -sV -oX - 10.0.0.0/8" start="1700000000" version="7.93" xmloutputversion="1.05">
<scaninfo type="syn" protocol="tcp" numservices="1000" services="1-1000"/>
<verbose level="0"/>
<debugging level="0"/>
"""
_HOST = """<host starttime="1700000000" endtime="{time}"><status state="up" reason="syn-ack" reason_ttl="0"/>
<address addr="10.{a}.{b}.{c}" addrtype="ipv4"/>
<hostnames>
<hostname name="host{n}.example.gov.cn" type="PTR"/>
</hostnames>
<ports><extraports state="closed" count="997">
<extrareasons reason="reset" count="997" proto="tcp" ports="1-21,23-79,81-442"/>
</extraports>
<port protocol="tcp" portid="22"><state state="open" reason="syn-ack" reason_ttl="64"/><service name="ssh" product="OpenSSH" version="9.2p1 Debian 2+deb12u2" extrainfo="protocol 2.0" ostype="Linux" method="probed" conf="10"><cpe>cpe:/a:openbsd:openssh:9.2p1</cpe><cpe>cpe:/o:linux:linux_kernel</cpe></service></port>
<port protocol="tcp" portid="80"><state state="open" reason="syn-ack" reason_ttl="64"/><service name="http" product="nginx" version="1.22.1" method="probed" conf="10"><cpe>cpe:/a:igor_sysoev:nginx:1.22.1</cpe></service></port>
<port protocol="tcp" portid="5236"><state state="open" reason="syn-ack" reason_ttl="64"/><service name="padl2sim" method="table" conf="3"/></port>
</ports>
<times srtt="100" rttvar="50" to="100000"/>
</host>
"""  # noqa: E501 - as nmap writes it
_TAIL = """<runstats><finished time="1700009999" timestr="x" summary="x" elapsed="9.99" exit="success"/>
<hosts up="{hosts}" down="0" total="{hosts}"/></runstats></nmaprun>
"""


def write(path: Path, hosts: int) -> None:
    """A scan's XML as nmap 7.93 writes it."""
    with path.open("w", encoding="utf-8") as out:
        out.write(_HEAD)
        for n in range(hosts):
            out.write(_HOST.format(a=n >> 16 & 255, b=n >> 8 & 255, c=n & 255, n=n, time=1_700_000_000 + n // 100))
        out.write(_TAIL.format(hosts=hosts))


def ours(path: str) -> int:
    """Observations of the file, each looked at and let go."""
    from secops.intake.interface import Ledger
    from secops.intake.nmap_xml import read

    ledger = Ledger()
    with Path(path).open("rb") as stream:
        for _ in read(stream, "gz", "bench", "run-1", ledger):
            pass
    return ledger.read


def libnmap(path: str) -> int:
    """The hosts of python-libnmap's report of the file."""
    from libnmap.parser import NmapParser

    return len(NmapParser.parse_fromfile(path).hosts)


def inventory(path: str) -> int:
    """The file brought into a new workspace, merged, as `discover import` does."""
    from secops.core.events import Summary
    from secops.hall.app import App
    from secops.hall.flows.discover_import import bring_in
    from secops.hall.workspace import Workspace

    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        workspace.make()
        with App(workspace) as app:
            (summary,) = [each for each in bring_in(app, (Path(path),)) if isinstance(each, Summary)]
        return int(summary.counts["read"])


def capture(path: str) -> int:
    """Frames of a capture through the passive listener."""
    from secops.intake import pcap
    from secops.intake.interface import Ledger
    from secops.intake.passive import Watch
    from secops.intake.rows import Writer

    ledger = Ledger()
    watch = Watch(Writer("gz", "bench", "run-1"), lambda _: True, lambda _: {}, ledger)
    with Path(path).open("rb") as stream:
        for each in pcap.frames(stream):
            if isinstance(each, tuple):
                watch.hear(*each)
    for _ in watch.rest():
        pass
    return ledger.read


def write_capture(path: Path, packets: int) -> None:
    """TCP conversations with 200 servers, the mix of an office: handshakes, an HTTP exchange, bulk, ARP in between."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
    mac = bytes.fromhex("001b21aabbcc001b21ddeeff")

    def frame(server: int, client: int, *, up: bool, flags: int, text: bytes = b"", sequence: int = 1) -> bytes:
        ends = [bytes((10, 0, 0, server)), bytes((10, 1, client >> 8, client & 255))]
        ports = [b"\0\x50", (40_000 + client % 20_000).to_bytes(2, "big")]
        here, there = (1, 0) if up else (0, 1)
        ip = b"\x45\0" + (40 + len(text)).to_bytes(2, "big") + b"\0\0\0\0\x40\6\0\0" + ends[here] + ends[there]
        tcp = ports[here] + ports[there] + struct.pack("!IIBBHHH", sequence, 1, 0x50, flags, 1_000, 0, 0)
        return mac + b"\x08\0" + ip + tcp + text

    arp = mac + b"\x08\x06\0\1\x08\0\6\4\0\2\0\x1b\x21\xaa\xbb\xcc\x0a\0\0\x01" + bytes(10)
    with path.open("wb") as out:
        out.write(head)
        count, client = 0, 0
        while count < packets:
            client += 1
            server = client % 200 + 1
            ask = b"GET / HTTP/1.1\r\nHost: oa.example.gov.cn\r\nUser-Agent: x\r\n\r\n"
            answer = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 20000\r\n\r\n" + b"a" * 1_000
            several = [
                frame(server, client, up=True, flags=2),
                frame(server, client, up=False, flags=0x12, sequence=0),
                frame(server, client, up=True, flags=0x18, text=ask),
                frame(server, client, up=False, flags=0x18, text=answer),
                arp,
            ]
            bulk = [(bool(n & 1), b"" if n & 1 else b"b" * 1_400) for n in range(15)]
            several += [frame(server, client, up=up, flags=0x10, text=text, sequence=9_999) for up, text in bulk]
            for each in several:
                out.write(struct.pack("<IIII", 1_700_000_000 + count // 1_000, 0, len(each), len(each)) + each)
            count += len(several)


_WAYS: dict[str, Callable[[str], int]] = {"ours": ours, "libnmap": libnmap, "inventory": inventory, "capture": capture}


def measure(way: str, path: Path) -> tuple[float, float]:
    """Records a second and MiB at the peak, of a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, way, str(path)], check=True, capture_output=True, text=True, timeout=900
    )
    told = json.loads(done.stdout)
    return told["records"] / told["seconds"], told["mib"]


def figures():
    """nmap_xml (peer python-libnmap), nmap_xml_inventory and passive_pcap (rates stated)."""
    from tests.perf.bench import Figure

    with tempfile.TemporaryDirectory() as folder:
        xml, pcap = Path(folder, "nmap.xml"), Path(folder, "office.pcap")
        write(xml, HOSTS)
        write_capture(pcap, PACKETS)
        mine, peer = [measure("ours", xml) for _ in range(RUNS)], [measure("libnmap", xml) for _ in range(RUNS)]
        whole, heard = [measure("inventory", xml) for _ in range(RUNS)], [measure("capture", pcap) for _ in range(RUNS)]
    peaks = [max(mib for _, mib in each) for each in (mine, peer)]
    peak = f"{HOSTS:,} hosts, 3 ports each; peak {peaks[0]:.0f} MiB, libnmap {peaks[1]:.0f} MiB"
    return [
        Figure.of("nmap_xml", [r for r, _ in mine], [r for r, _ in peer], unit="hosts/s", goal=2.0,
                  against="python-libnmap", note=peak),
        _stated("nmap_xml_inventory", whole, "hosts/s", f"{HOSTS:,} hosts, read, logged and merged"),
        _stated("passive_pcap", heard, "packets/s", f"{PACKETS:,} packets"),
    ]  # fmt: skip


def _stated(name: str, runs: list[tuple[float, float]], unit: str, note: str):
    """A rate without a peer."""
    import statistics

    from tests.perf.bench import Figure

    rates = [rate for rate, _ in runs]
    note = f"{note}; peak {max(mib for _, mib in runs):.0f} MiB; stated, no goal"
    return Figure(name, statistics.median(rates), None, unit, 0.0, (min(rates), max(rates)), None, "", note)


if __name__ == "__main__":
    begun = time.perf_counter()
    records = _WAYS[sys.argv[1]](sys.argv[2])
    seconds = time.perf_counter() - begun
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"records": records, "seconds": seconds, "mib": mib}))
