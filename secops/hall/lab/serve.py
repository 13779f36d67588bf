"""The lab in a process of its own: started, asked how often each place was connected to, ended with its parent."""

import multiprocessing
import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final, Self

from secops.core.clock import SystemClock
from secops.core.errors import SecopsError
from secops.core.language import say
from secops.hall.lab import plan
from secops.hall.lab.certificates import Authority
from secops.hall.lab.server import Listening, Server
from secops.hall.lab.talkers import greeting, talker

OCTETS: Final = range(10, 100)
SHIFTS: Final = (0, 10_000, 20_000, 30_000, 7)
READY_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the lab stands on this machine: the second octet and the port of each kind, all free when looked at."""

    octet: int
    ports: Mapping[str, int]

    def address(self, zone: str, host: int) -> str:
        """The address of a host of the plan."""
        return plan.address(self.octet, zone, host)

    def place(self, service: plan.Service) -> tuple[str, int]:
        """Address and port of a service of the plan."""
        return self.address(service.zone, service.host), self.ports[service.port]


def survey() -> Ground:
    """Ground where nothing of this machine listens, so that nothing but the lab can be met. Raises SecopsError.

    A program that listens on every address would answer on the lab's addresses too: its ports are not used. The
    printer's port is the point of the printer and is not moved.
    """
    ports: dict[str, int] = {}
    for kind, wish in plan.PORTS.items():
        for shift in SHIFTS if kind != plan.PRINTER else (0,):
            if wish + shift < 65_536 and _free("127.250.250.250", wish + shift):
                ports[kind] = wish + shift
                break
        else:
            raise _no_room(wish)
    for octet in OCTETS:
        ground = Ground(octet, ports)
        if all(_free(address, port) for address, port in plan.places(octet, ports)):
            return ground
    raise _no_room(0)


class Lab:
    """The running lab. Use as a context; it also ends when this process does, however it ends."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_main, args=(theirs, self._pipe, ground), daemon=True, name="secops-lab")
        self._process.start()
        theirs.close()
        said = str(self._pipe.recv()) if self._pipe.poll(READY_SECONDS) else say("超时", "it took too long")
        if said != "ready":
            self.close()
            raise SecopsError(
                "E9101",
                say("演示靶场没有启动", "the demo's lab did not start"),
                why=said,
                hint=say("再试一次；或执行 secops doctor", "try again, or run secops doctor"),
            )

    @property
    def pid(self) -> int:
        """The lab's process."""
        return self._process.pid or 0

    def counts(self) -> dict[tuple[str, int], int]:
        """Connections that each (address, port) was given so far."""
        self._pipe.send("counts")
        answer: dict[tuple[str, int], int] = self._pipe.recv()
        return answer

    def markers(self) -> int:
        """Exercise markers that came in."""
        self._pipe.send("markers")
        return int(self._pipe.recv())

    def close(self) -> None:
        """End it."""
        self._pipe.close()
        self._process.join(3)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(3)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _main(pipe: Connection, parents: Connection, ground: Ground) -> None:
    """The child: bind everything, say so, serve until the pipe closes."""
    parents.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with open(os.devnull, "r+b", buffering=0) as nothing:  # noqa: PTH123 - a descriptor, not a path
        for number in (0, 1, 2):
            os.dup2(nothing.fileno(), number)
    seen: set[str] = set()
    server = Server(SystemClock())
    try:
        _listen(server, ground, seen)
    except Exception as error:  # noqa: BLE001 - told to the parent, which raises it
        pipe.send(f"{type(error).__name__}: {error}")
        return

    def heard() -> bool:
        try:
            asked = pipe.recv()
            pipe.send(dict(server.counts) if asked == "counts" else len(seen))
        except (EOFError, OSError):
            return False
        return True

    server.watch(pipe.fileno(), heard)
    pipe.send("ready")
    server.serve()


def _listen(server: Server, ground: Ground, seen: set[str]) -> None:
    authority = Authority(SystemClock().now())
    web = ground.ports[plan.WEB]
    aims = {
        "outside": f"http://{ground.address('outside', 9)}:{web}/",
        "inside": f"http://{ground.address('portal', 10)}:{web}/",
    }
    for each in plan.SERVICES:
        address, port = ground.place(each)
        about = dict(each.about)
        if "redirect" in about:
            about["redirect"] = aims[about["redirect"]]
        tls = authority.context(about["cert"], address, about["title"]) if "cert" in about else None
        server.listen(
            Listening(
                address,
                port,
                greeting(each.kind, about),
                talker(each.kind, about, seen),
                tls,
                wait=1.5 if "slow" in about else 0.0,
                drip=each.kind == "tarpit",
            )
        )


def _free(address: str, port: int) -> bool:
    """Can this be bound without sharing? Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
            trial.listen(1)
        except OSError:
            return False
    return True


def _no_room(port: int) -> SecopsError:
    return SecopsError(
        "E9102",
        say("本机回环地址上没有空闲端口放演示靶场", "no free ports on this machine's loopback for the demo's lab"),
        why=say(f"端口 {port} 已被占用", f"port {port} is taken") if port else "",
        hint=say(
            "先停掉占用端口的程序（ss -ltnp 可查），再试", "stop the program that holds it (see ss -ltnp), then retry"
        ),
    )
