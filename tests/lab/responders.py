"""UDP servers on every address of the target: DNS on 53, NTP on 123, SNMP on 161. Run as a program in its namespace.

Each answers from the very address that was asked (IP_PKTINFO), as AnyIP hosts must; any other port echoes.
"""

import selectors
import socket
import struct
import sys

PKTINFO, PKTINFO6, RECVPKTINFO6, FREEBIND6 = 8, 50, 49, 78


def dns(data: bytes) -> bytes:
    """An empty answer to this question: refused, no recursion."""
    return data[:2] + b"\x80\x05" + data[4:6] + bytes(6) + data[12:]


def ntp(data: bytes) -> bytes:
    """A server's packet of stratum 2 that repeats the transmit time as origin."""
    return b"\x24\x02\x06\xec" + bytes(8) + b"\x7f\x00\x00\x01" + bytes(8) + data[40:48] + bytes(8) + bytes(8)


def snmp(data: bytes) -> bytes:
    """The system description for whatever is asked by v1 or v2c; nothing for v3."""
    place = 13
    if data[2:4] != b"\x02\x01" or data[4] == 3 or data[place] != 0xA0:
        return b""
    request = data[place + 2 : place + 4 + data[place + 3]]
    name = bytes.fromhex("2b06010201010100")
    pair = b"\x06" + bytes([len(name)]) + name + b"\x04\x03box"
    rows = b"\x30" + bytes([len(pair) + 2]) + b"\x30" + bytes([len(pair)]) + pair
    pdu = request + b"\x02\x01\x00\x02\x01\x00" + rows
    body = data[2:5] + b"\x04\x06public" + b"\xa2" + bytes([len(pdu)]) + pdu
    return b"\x30" + bytes([len(body)]) + body


SERVERS = {53: dns, 123: ntp, 161: snmp}


def opened(family: int, port: int) -> socket.socket:
    """A socket on every address that is told which of them was asked."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, RECVPKTINFO6, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, FREEBIND6, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, PKTINFO, 1)
    sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", port))
    return sock


def serve(sock: socket.socket, answer) -> None:
    """One question, answered from where it was asked."""
    data, told, _, peer = sock.recvmsg(2_048, 256)
    reply = answer(data)
    if not reply:
        return
    for level, kind, value in told:
        if (level, kind) == (socket.IPPROTO_IP, PKTINFO):
            sock.sendmsg([reply], [(level, kind, struct.pack("I4s4s", 0, value[8:12], bytes(4)))], 0, peer)
        elif (level, kind) == (socket.IPPROTO_IPV6, PKTINFO6):
            sock.sendmsg([reply], [(level, kind, value[:16] + struct.pack("I", 0))], 0, peer)


def main() -> None:
    """Serve until killed."""
    waiting = selectors.DefaultSelector()
    for port in map(int, sys.argv[1:]):
        for family in (socket.AF_INET, socket.AF_INET6):
            waiting.register(opened(family, port), selectors.EVENT_READ, SERVERS.get(port, lambda data: data))
    while True:
        for key, _ in waiting.select():
            serve(key.fileobj, key.data)


if __name__ == "__main__":
    main()
