import shutil
import subprocess
import sys

import pytest

from secops.core.errors import Refused, SecopsError
from secops.dial import nmap_bridge

needs_nmap = pytest.mark.skipif(shutil.which("nmap") is None, reason="nmap is not installed")


@needs_nmap
def test_outside_the_lease_nothing_is_started(make_gate, clock, monkeypatch):
    """An address outside the lease ends it before any process is started."""
    monkeypatch.setattr(subprocess, "Popen", None)
    with pytest.raises(Refused):
        nmap_bridge.look(("127.0.0.1",), (80,), make_gate(targets=("127.0.0.9",)), clock, pps=100)


@needs_nmap
def test_too_much_is_refused(gate, clock):
    """More hosts than one look takes are refused."""
    with pytest.raises(SecopsError):
        nmap_bridge.look(tuple(f"127.0.0.{n}" for n in range(1, 99)), (80,), gate, clock, pps=100)


def test_fixed_arguments():
    """Names are never asked, hosts never pinged, no script is run and the rate is kept."""
    words = nmap_bridge.arguments(250).split()
    assert {"-n", "-Pn", "-sV", "--min-parallelism"} <= set(words)
    assert words[words.index("--max-rate") + 1] == "250"
    assert not any("script" in word or word in {"-A", "-O", "-sC"} for word in words)


def test_importing_the_bridge_loads_no_gpl_library():
    """The parent never loads nmap's library, so it is never beside scapy."""
    code = "import sys, secops.dial.nmap_bridge; sys.exit('nmap' in sys.modules or 'scapy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0


class Shutting:
    """A gate that shuts after some leases."""

    def __init__(self, inner, leases):
        self.inner, self.left = inner, leases

    def lease(self, level, want=1):
        self.left -= 1
        self.inner.open = self.left > 0
        return self.inner.lease(level, want)

    def refuse(self, *words):
        self.inner.refuse(*words)

    def give_back(self, count):
        self.inner.give_back(count)


@needs_nmap
def test_ended_when_the_lease_cannot_be_renewed(gate, clock, serve):
    """When the Gate shuts, nmap's whole process group is gone within a second."""
    port = serve(lambda peer: peer.recv(10))
    begun = clock.monotonic()
    with pytest.raises(Refused):
        nmap_bridge.look(("127.0.0.1",), (port,), Shutting(gate, 3), clock, pps=100)
    assert clock.monotonic() - begun < 1.5
