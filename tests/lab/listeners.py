"""Listeners for the lab: `listeners.py PORT...` accepts on every address, greets, and closes. Run by path."""

import contextlib
import selectors
import socket
import sys


def main(ports: list[int]) -> None:
    """Serve until ended."""
    ready = selectors.DefaultSelector()
    for port in ports:
        listening = socket.create_server(("::", port), family=socket.AF_INET6, backlog=65535, dualstack_ipv6=True)
        listening.setblocking(False)
        ready.register(listening, selectors.EVENT_READ)
    while True:
        for key, _ in ready.select():
            with contextlib.suppress(OSError):
                while True:
                    talk, _ = key.fileobj.accept()
                    with talk, contextlib.suppress(OSError):
                        talk.send(b"hello\r\n")


main([int(word) for word in sys.argv[1:]])
