"""A Gate that grants 127.0.0.0/8, counts, and can be shut; little servers on the loopback, ended with the test."""

import socket
import threading

import pytest

from secops.core.clock import SystemClock
from secops.core.errors import Refused
from secops.scope.intervals import IntervalSet
from secops.scope.lease import Lease
from secops.scope.ports import PortSet


class FakeGate:
    def __init__(self, clock, targets=("127.0.0.0/8",), ports=("1-65535",), budget=10_000):
        self.clock, self.budget, self.open = clock, budget, True
        self.targets, self.ports = IntervalSet.parse(targets), PortSet.parse(ports)
        self.leases, self.given_back, self.refusals = 0, 0, []

    def lease(self, level, want=1):
        if not self.open:
            raise Refused("E2110", "stopped")
        self.leases += 1
        until = self.clock.monotonic() + 0.1
        return Lease(self.targets, self.ports, min(want, self.budget), level, until, 1, "scope")

    def refuse(self, address, port, reason):
        self.refusals.append((address, port, reason))

    def give_back(self, count):
        self.given_back += count


class Server:
    """Answers each connection by a function of the socket, in a thread; at most 20 connections."""

    def __init__(self, speak, address="127.0.0.1"):
        self.listener = socket.socket()
        self.listener.bind((address, 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        self.speak = speak
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        for _ in range(20):
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(peer,), daemon=True).start()

    def _one(self, peer):
        peer.settimeout(5)
        try:
            self.speak(peer)
        except OSError:
            pass
        finally:
            peer.close()


@pytest.fixture
def clock():
    return SystemClock()


@pytest.fixture
def gate(clock):
    return FakeGate(clock)


@pytest.fixture
def make_gate(clock):
    return lambda **words: FakeGate(clock, **words)


@pytest.fixture
def serve():
    servers = []

    def begin(speak):
        servers.append(Server(speak))
        return servers[-1].port

    yield begin
    for each in servers:
        each.listener.close()


@pytest.fixture(scope="session")
def pair(tmp_path_factory):
    """A self-signed certificate and its key, as files."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lab")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(start).not_valid_after(start + dt.timedelta(days=999)).sign(key, hashes.SHA256())
    folder = tmp_path_factory.mktemp("tls")
    (folder / "c.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "k.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "c.pem", folder / "k.pem"
