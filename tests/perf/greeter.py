"""`greeter.py PORT TEXT`: greets on every address, says nothing more, and closes when the peer does. Run by path."""

import contextlib
import selectors
import socket
import sys


def main(port: int, text: bytes) -> None:
    """Serve until ended."""
    ready = selectors.DefaultSelector()
    listening = socket.create_server(("", port), backlog=8192)
    listening.setblocking(False)
    ready.register(listening, selectors.EVENT_READ)
    while True:
        for key, _ in ready.select():
            with contextlib.suppress(BlockingIOError):
                if key.fileobj is listening:
                    talk, _ = listening.accept()
                    talk.setblocking(False)
                    talk.send(text)
                    ready.register(talk, selectors.EVENT_READ)
                    continue
                with contextlib.suppress(ConnectionError):
                    if key.fileobj.recv(4096):
                        continue
                ready.unregister(key.fileobj)
                key.fileobj.close()


main(int(sys.argv[1]), sys.argv[2].encode())
