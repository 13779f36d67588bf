"""The audit-hook witness sees what it must see, here and in child programs."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.leave import gate, scope
from tests.lab.network import HOSTS, Lab
from tests.witness import environment, strays_of, watching

pytestmark = pytest.mark.lab

CHILD = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as loose:
    loose.sendto(b"x", ("198.19.0.1", 9))
    loose.connect(("198.19.0.2", 53))
try:
    socket.getaddrinfo("name.invalid", 80)
except OSError:
    pass
"""


def _run(lab: Lab, folder: Path, code: str, allow: tuple[str, ...] = ()) -> list[dict[str, object]]:
    with lab.within():
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **environment(folder, allow)}, timeout=30, check=True
        )
    return strays_of(folder)


def test_a_child_is_seen(lab: Lab, tmp_path: Path) -> None:
    """Every sendto, connect and name question of a child that no lease granted is written down."""
    told = [(each["event"], each.get("address", each.get("host"))) for each in _run(lab, tmp_path, CHILD)]
    assert told == [
        ("socket.sendto", "198.19.0.1"),
        ("socket.connect", "198.19.0.2"),
        ("socket.getaddrinfo", "name.invalid"),
    ]


def test_named_endpoints_are_no_strays(lab: Lab, tmp_path: Path) -> None:
    """What the configuration names may be contacted."""
    assert _run(lab, tmp_path, CHILD, ("198.19.0.1:9", "198.19.0.2:53", "name.invalid")) == []


def test_a_child_that_was_not_watched_is_no_proof(tmp_path: Path) -> None:
    """Without any watched child the witness fails instead of being content."""
    environment(tmp_path)
    with pytest.raises(AssertionError, match="no child"):
        strays_of(tmp_path)


def test_a_lease_grants_its_targets_and_nothing_else(lab: Lab, tmp_path: Path) -> None:
    """Under a lease for one port of the hosts that port is granted, the next one is a stray."""
    lab.leased([HOSTS], ["80"])
    with lab.within(), watching() as witness, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as loose:
        passage, _ = gate(tmp_path, scope([HOSTS], ["80"]))
        passage.lease(1)
        loose.sendto(b"x", ("198.19.0.1", 80))
        loose.sendto(b"x", ("198.19.0.1", 81))
        passage.close()
    assert [each["port"] for each in witness.strays] == [81]
    assert witness.seen == 2
