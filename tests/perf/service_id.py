"""What real servers of Debian are said to be: the command against nmap, port by port. Needs root; `make servers`.

The figures are shares of the ports that nmap recognises; whatever differs is named in the note.
"""

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.lab.network import PRINTER, Lab
from tests.lab.servers.identify import Difference, active, by_nmap, by_us, differences, explained, workspace
from tests.lab.servers.running import Running
from tests.lab.servers.table import SERVERS, address
from tests.perf.bench import Figure
from tests.witness import strays_of


def figures() -> list[Figure]:
    """Both shares, or none with the reason printed. One run: the servers say the same every time."""
    if os.geteuid() or not shutil.which("nmap"):
        print("service_id skipped: needs root and nmap")
        return []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lab = Lab(folder)
        try:
            running = Running(lab)
            try:
                return _compared(lab, running, folder)
            finally:
                running.close()
        finally:
            lab.close()


def _compared(lab: Lab, running: Running, folder: Path) -> list[Figure]:
    endpoints = {(at, port): server.name for server, at, port in running.endpoints}
    hosts = [address(each) for each in SERVERS]
    ports = [str(port) for port in sorted({port for _, port in endpoints})]
    lab.watch(PRINTER)
    lab.leased(hosts, ports, udp=ports, echo=True)
    workspace(lab, folder, hosts, [*ports, str(PRINTER)], active)
    with ThreadPoolExecutor(1) as other:
        asking = other.submit(by_nmap, lab, endpoints)
        ours = by_us(lab, folder)
        nmap = asking.result()
    known = sum(bool(each.name) for each in nmap.values())
    told = [each for each in differences(endpoints, nmap, ours) if not explained(each)]
    scripts = [each for each in differences(endpoints, nmap, ours) if explained(each)]
    more = sorted(
        name for at, name in endpoints.items() if not nmap[at].name and any(each.name for each in ours.get(at, ()))
    )
    note = (
        f"{len(SERVERS)} servers, {len(endpoints)} ports, {known} known to nmap; differences: {_listed(told)}; "
        f"nmap's own, of its scripts: {_listed(scripts)}; known to us alone: {', '.join(more) or 'none'}; "
        f"missing: {', '.join(running.missing) or 'none'}; strays: hook {len(strays_of(folder))}, "
        f"router {lab.counted()['stray']}, denied ports {lab.touched(PRINTER)}"
    )
    names = {each.endpoint for each in told if each.field == "name"}
    rest = {each.endpoint for each in told}
    return [
        Figure.alone("service_name", [1 - len(names) / known], unit="of 1", goal=1.0, note=note),
        Figure.alone("service_version", [1 - len(rest) / known], unit="of 1", goal=0.99, note="product and version"),
    ]


def _listed(told: list[Difference]) -> str:
    return "; ".join(each.line() for each in told) or "none"
