import os
import socket
import time

import pytest

from secops.hall.lab import plan, serve
from secops.hall.lab.serve import Lab, survey


def test_the_lab_listens_counts_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service of the plan greets who connects, the lab counts it, and closing it ends its process."""
    few = tuple(each for each in plan.SERVICES if each.port in {plan.FTP, plan.REDIS})
    monkeypatch.setattr(plan, "SERVICES", few)
    monkeypatch.setattr(serve, "OCTETS", range(100 + os.getpid() % 100, 220))
    ground = survey()
    place = ground.place(next(each for each in few if each.port == plan.FTP))
    with Lab(ground) as lab:
        with socket.socket() as client:
            client.settimeout(5)
            client.connect(place)
            assert client.recv(100).startswith(b"220 ")
        assert lab.counts() == {place: 1}
        assert lab.markers() == 0
        pid = lab.pid
    with pytest.raises(ProcessLookupError):
        for _ in range(50):
            os.kill(pid, 0)
            time.sleep(0.02)


def test_a_port_that_another_program_holds_everywhere_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a program listens on every address, the lab moves that kind of service to another port."""
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        held = other.getsockname()[1]
        monkeypatch.setitem(plan.PORTS, plan.MONGO, held)
        assert survey().ports[plan.MONGO] != held
