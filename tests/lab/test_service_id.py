"""Real servers of Debian, asked by nmap and by the command: the same services, products and versions."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.lab.network import PRINTER, Lab
from tests.lab.servers.identify import active, by_nmap, by_us, differences, explained, workspace
from tests.lab.servers.running import Running
from tests.lab.servers.table import SERVERS, address
from tests.witness import strays_of

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def running(lab: Lab) -> Iterator[Running]:
    """Every server of the table; one that is not installed is a skip with its package's name."""
    made = Running(lab)
    try:
        if made.missing:
            pytest.skip(f"not installed: {', '.join(sorted(made.missing.values()))} (make servers)")
        yield made
    finally:
        made.close()


def test_real_servers_are_told_as_nmap_tells_them(lab: Lab, running: Running, tmp_path: Path) -> None:
    """The same service name on every port, the same product and version on 99 of 100; nothing leaves the scope."""
    endpoints = {(at, port): server.name for server, at, port in running.endpoints}
    hosts = [address(each) for each in SERVERS]
    ports = sorted({port for _, port in endpoints})
    lab.watch(PRINTER)
    lab.leased(hosts, [str(port) for port in ports], udp=[str(port) for port in ports], echo=True)
    workspace(lab, tmp_path, hosts, [str(port) for port in (*ports, PRINTER)], active)
    with ThreadPoolExecutor(1) as other:  # both wait most of the time
        asking = other.submit(by_nmap, lab, endpoints)
        ours = by_us(lab, tmp_path)
        nmap = asking.result()
    assert strays_of(tmp_path) == []
    assert lab.touched(PRINTER) == 0
    told = [each for each in differences(endpoints, nmap, ours) if not explained(each)]
    assert [each.line() for each in told if each.field == "name"] == []
    asked = sum(bool(each.name) for each in nmap.values())
    assert asked >= 38, "nmap recognised too few: the test shows nothing"
    assert len(told) <= asked / 100, [each.line() for each in told]
