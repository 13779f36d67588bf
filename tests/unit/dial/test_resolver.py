import socket
import threading

import pytest

from secops.core.errors import InvalidFile
from secops.dial.resolver import Resolver, read_hosts


@pytest.fixture
def dns():
    """A resolver on the loopback that answers every A question with 198.18.0.9, and counts."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(5)
    asked = []

    def serve():
        for _ in range(20):
            try:
                data, peer = sock.recvfrom(512)
            except OSError:
                return
            asked.append(data)
            kind = data[-3]
            head = data[:2] + b"\x81\x80\0\1" + (b"\0\1" if kind == 1 else b"\0\0") + b"\0\0\0\0"
            tail = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc6\x12\0\x09" if kind == 1 else b""
            sock.sendto(head + data[12:] + tail, peer)

    threading.Thread(target=serve, daemon=True).start()
    yield f"127.0.0.1:{sock.getsockname()[1]}", asked
    sock.close()


def test_hosts_file_comes_first(clock):
    """A name of the hosts file is answered without asking anybody."""
    assert Resolver((), clock, hosts={"a.cn": ("198.18.0.1",)}).resolve("A.cn.") == ("198.18.0.1",)


def test_an_address_is_its_own_answer(clock):
    """An address resolves to its canonical self."""
    assert Resolver((), clock).resolve("2001:DB8::0001") == ("2001:db8::1",)


def test_nobody_knows(clock):
    """Without resolvers an unknown name has no address."""
    assert Resolver((), clock).resolve("unknown.cn") == ()


def test_the_scopes_resolver_is_asked_once(clock, dns):
    """The resolver is asked for A and AAAA, and its answer kept for the run."""
    place, asked = dns
    resolver = Resolver((place,), clock)
    assert resolver.resolve("a.cn") == ("198.18.0.9",)
    assert resolver.resolve("a.cn") == ("198.18.0.9",)
    assert len(asked) == 2


def test_hosts_file_is_read(tmp_path):
    """Comments are skipped, several names share an address, a bad address is named with its line."""
    path = tmp_path / "hosts"
    path.write_text("# c\n198.18.0.1 A.cn b.cn # x\n\n::1 a.cn\n", encoding="utf-8")
    assert read_hosts(path) == {"a.cn": ("198.18.0.1", "::1"), "b.cn": ("198.18.0.1",)}
    path.write_text("198.18.0.1 a.cn\nnonsense b.cn\n", encoding="utf-8")
    with pytest.raises(InvalidFile) as caught:
        read_hosts(path)
    assert caught.value.where.endswith("hosts:2:1")
    assert read_hosts(tmp_path / "none") == {}


def test_a_name_without_ipv6_is_known_as_such(clock, dns):
    """A name whose AAAA question was answered with nothing lacks IPv6; an unanswered question proves nothing."""
    place, _ = dns
    assert Resolver((place,), clock).lacks_ipv6("a.cn")
    hosts = {"six.cn": ("198.18.0.1", "2001:db8::1"), "four.cn": ("198.18.0.1",)}
    resolver = Resolver((), clock, hosts=hosts)
    assert [resolver.lacks_ipv6(each) for each in ("six.cn", "four.cn", "none.cn")] == [False, True, False]
