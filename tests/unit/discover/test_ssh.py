from secops.core.model import Status, Target
from secops.discover.collectors import ssh
from secops.discover.collectors.ssh import packet, string

HERE = Target("198.18.0.1", 22)
IDENT = b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10\r\n"


def kexinit(kex: bytes = b"curve25519-sha256", keys: bytes = b"ssh-ed25519") -> bytes:
    return packet(bytes([20]) + bytes(16) + string(kex) + string(keys) + string(b"") * 8 + bytes(5))


def reply(key: bytes) -> bytes:
    return packet(bytes([31]) + string(key) + string(bytes(32)) + string(bytes(80)))


KEY = string(b"ssh-ed25519") + string(bytes(32))


def test_banner_and_host_key(player):
    """Banner, product, version and the host key's fingerprint are read without authenticating."""
    peer = player(IDENT + kexinit() + reply(KEY))
    facts = peer.run(ssh.ask(HERE)).facts
    assert (facts["service.product"], facts["service.version"]) == ("OpenSSH", "9.2p1")
    assert facts["ssh.host_key"][0].startswith("SHA256:")
    assert facts["ssh.host_key_type"] == ("ssh-ed25519",)
    assert b"ssh-userauth" not in peer.sent


def test_banner_alone_is_enough(player):
    """A server that stops after its banner is still SSH."""
    reading = player(IDENT).run(ssh.ask(HERE))
    assert reading.status is Status.SUCCESS
    assert "ssh.host_key" not in reading.facts


def test_absurd_packet_length(player):
    """A packet that claims four gigabytes is not waited for."""
    reading = player(IDENT + b"\xff\xff\xff\xff\x04").run(ssh.ask(HERE))
    assert reading.facts["service.name"] == "ssh"


def test_unknown_key_exchange(player):
    """Without a key exchange in common the algorithms are kept and no key is claimed."""
    reading = player(IDENT + kexinit(b"diffie-hellman-group1-sha1")).run(ssh.ask(HERE))
    assert reading.extra["kex"] == ("diffie-hellman-group1-sha1",)
    assert "ssh.host_key" not in reading.facts


def test_not_ssh(player):
    """Another greeting is a protocol error."""
    assert player(b"220 ftp\r\n").run(ssh.ask(HERE)).status is Status.PROTOCOL_ERROR
