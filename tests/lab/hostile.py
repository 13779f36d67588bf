"""A hostile web site and its name server. `hostile.py WEB_PORT DNS_ADDRESS`: run by path, serves until ended.

198.19.0.1 sends visitors out of scope by address, .2 by a name that first lies inside and then outside (rebinding),
.3 to a neighbour within scope, .4 in a circle; every other host answers plainly. All names live for no time at all.
"""

import contextlib
import socket
import sys
import threading

WHERE = {
    "198.19.0.1": "http://198.19.1.1:8080/stolen",
    "198.19.0.2": "http://rebind.lab:8080/",
    "198.19.0.3": "http://198.19.0.5:8080/",
    "198.19.0.4": "http://198.19.0.4:8080/",
}
INSIDE, OUTSIDE = "198.19.0.6", "198.19.1.1"


def name_server(address: str) -> None:
    """Answer every A question: the first with an address in scope, all later ones with one outside."""
    asked = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, 53))
        while True:
            question, who = server.recvfrom(512)
            end = question.index(b"\0", 12) + 5
            kind = question[end - 4 : end - 2]
            flags, count = b"\x84\x00", b"\x00\x00"
            answer = b""
            if kind == b"\x00\x01":
                asked += 1
                place = socket.inet_aton(INSIDE if asked == 1 else OUTSIDE)
                answer, count = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04" + place, b"\x00\x01"
            server.sendto(
                question[:2] + flags + b"\x00\x01" + count + b"\x00\x00\x00\x00" + question[12:end] + answer, who
            )


def serve(talk: socket.socket) -> None:
    """One request, one answer."""
    with talk, contextlib.suppress(OSError):
        talk.settimeout(2)
        talk.recv(4096)
        place = WHERE.get(talk.getsockname()[0])
        head = f"HTTP/1.1 302 Found\r\nLocation: {place}\r\n" if place else "HTTP/1.1 200 OK\r\n"
        talk.sendall(f"{head}Content-Length: 2\r\nConnection: close\r\n\r\nok".encode())


def main(port: int, resolver: str) -> None:
    """Serve until ended."""
    threading.Thread(target=name_server, args=(resolver,), daemon=True).start()
    with socket.create_server(("0.0.0.0", port), backlog=512) as listening:
        while True:
            talk, _ = listening.accept()
            threading.Thread(target=serve, args=(talk,), daemon=True).start()


main(int(sys.argv[1]), sys.argv[2])
