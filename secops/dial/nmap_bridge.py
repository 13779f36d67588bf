"""The deep look: nmap through python-nmap, in a process of its own, at granted addresses only, ended with the lease.

python-nmap is GPL-3.0 and scapy GPL-2.0-only: this module imports nmap only when it runs as the child, where nothing
else of ours is loaded. The parent hands over addresses and ports as JSON and takes back nmap's XML as text.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from secops.core.clock import Clock
from secops.core.errors import Refused, SecopsError
from secops.core.language import say
from secops.dial.budget import Budget, Leasing
from secops.scope.level import Level

HOSTS_MOST = 64
"""Addresses of one call."""
PORTS_MOST = 2_000
SCRIPTS: tuple[str, ...] = ()
"""The only nmap scripts ever run: none in this version."""
_XML_MOST = 32 << 20
_SECONDS_PER_HOST = 300
_TICK = 0.05


@dataclass(frozen=True, slots=True)
class Deep:
    """What nmap said: its XML, and whether it came to its own end."""

    xml: str
    complete: bool
    detail: str = ""


def available() -> bool:
    """Is the nmap program installed?"""
    return shutil.which("nmap") is not None


def arguments(pps: int) -> str:
    """The fixed options: no names asked, no pings, versions by light probes, no scripts, no malformed packets."""
    return (
        "-n -Pn -sT -sV --version-intensity 7 --min-parallelism 100 --max-retries 2 "
        f"--host-timeout {_SECONDS_PER_HOST}s --max-rate {max(1, pps)}"
    )


def look(addresses: tuple[str, ...], ports: tuple[int, ...], gate: Leasing, clock: Clock, *, pps: int) -> Deep:
    """Ask nmap about these ports of these addresses. Raises Refused, SecopsError (nmap missing or too much asked).

    Every address and port must lie in a lease of level ACTIVE; the lease is renewed while nmap runs, and nmap's whole
    process group is killed the moment it cannot be.
    """
    if not available():
        raise SecopsError(
            "E3301",
            say("没有安装 nmap，无法深入查看", "nmap is not installed: no deep look"),
            hint=say("apt install nmap，或去掉 --deep", "apt install nmap, or leave out --deep"),
        )
    if not 0 < len(addresses) <= HOSTS_MOST or not 0 < len(ports) <= PORTS_MOST:
        raise SecopsError("E3302", say("一次深入查看的目标过多", "too much for one deep look"))
    budget = Budget(gate, clock, Level.ACTIVE, share=1)
    for address in addresses:
        refused = [port for port in ports if not budget.allows(address, port)]
        if refused:
            raise Refused(
                "E3303",
                say(f"{address} 的端口 {refused[0]} 不在授权内", f"port {refused[0]} of {address} is not granted"),
                where=address,
            )
    families = {":" in address for address in addresses}
    if len(families) > 1:
        raise SecopsError("E3302", say("一次只能看同一种 IP 版本", "one address family a call"))
    order = {"hosts": list(addresses), "ports": list(ports), "arguments": arguments(pps), "v6": families == {True}}
    child = subprocess.Popen(
        [sys.executable, "-m", "secops.dial.nmap_bridge"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        start_new_session=True,
    )
    try:
        assert child.stdin is not None
        child.stdin.write(json.dumps(order).encode())
        child.stdin.close()
        return _watched(child, budget, clock, len(addresses) * _SECONDS_PER_HOST + 30)
    finally:
        _kill(child)
        budget.close()


def _watched(child: "subprocess.Popen[bytes]", budget: Budget, clock: Clock, seconds: float) -> Deep:
    """The child's output, while the Gate keeps granting and the bounds hold."""
    assert child.stdout is not None
    until = clock.monotonic() + seconds
    out = bytearray()
    while True:
        budget.keep()
        if select.select([child.stdout], [], [], _TICK)[0]:
            part = os.read(child.stdout.fileno(), 65_536)
            if not part:
                break
            out += part
        if len(out) > _XML_MOST or clock.monotonic() > until:
            return Deep(out[:_XML_MOST].decode("utf-8", "replace"), complete=False, detail="limit")
    code = child.wait(timeout=5)
    return Deep(out.decode("utf-8", "replace"), complete=code == 0, detail="" if code == 0 else f"exit {code}")


def _kill(child: "subprocess.Popen[bytes]") -> None:
    """End the child and every process it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    if child.stdout is not None:
        child.stdout.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=5)


def _child() -> int:
    """Run as a program: JSON order on stdin, nmap's XML on stdout."""
    import nmap  # noqa: PLC0415 - only here, in the child's own process

    order = json.load(sys.stdin)
    scanner = nmap.PortScanner()
    options = order["arguments"] + (" -6" if order["v6"] else "")
    try:
        scanner.scan(" ".join(order["hosts"]), ",".join(map(str, order["ports"])), options, sudo=False)
    except nmap.PortScannerError as error:
        sys.stderr.write(str(error))
        return 1
    output = scanner.get_nmap_last_output()
    sys.stdout.write(output if isinstance(output, str) else output.decode("utf-8", "replace"))
    return 0


if __name__ == "__main__":
    sys.exit(_child())
