"""Starts the servers of the table in the lab, each on its own address, and ends every one of them."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from string import Template

from tests.lab.namespace import run
from tests.lab.network import Lab
from tests.lab.servers.server import Server
from tests.lab.servers.table import SERVERS, address

BIN = Path(__file__).resolve().parents[3] / ".cache" / "servers"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PATIENCE = 60.0
"""Seconds until all must listen."""


_PRIVATE = (
    "mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/sshd && mount -t tmpfs -o mode=1777 tmpfs /tmp && "
    'mount --bind "$0/nsswitch" /etc/nsswitch.conf && mount --bind "$0/hosts" /etc/hosts && exec "$@"'
)
"""`ip netns exec` gives each program mounts of its own: /run and /tmp are private, names come from a file only."""


class Running:
    """Made by the constructor, all gone with `close`. `missing` names the servers whose program is not here."""

    def __init__(self, lab: Lab, wanted: Iterable[Server] = SERVERS) -> None:
        self.lab = lab
        self.folder = Path(tempfile.mkdtemp(prefix=f"secops-lab-{os.getpid()}-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        if BIN.is_dir():  # the project may lie under /tmp, which each program has for itself
            shutil.copytree(BIN, self.folder / "bin", symlinks=True)
        self.missing: dict[str, str] = {}
        self.programs: dict[str, subprocess.Popen[bytes]] = {}
        self._servers: list[Server] = []
        try:
            self._certificate()
            (self.folder / "nsswitch").write_text("passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
            (self.folder / "hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")
            for server in wanted:
                if shutil.which(self._program(server), path=PATH) is None:
                    self.missing[server.name] = server.package
                else:
                    self._start(server)
                    self._servers.append(server)
            self._wait()
        except BaseException:
            self.close()
            raise

    @property
    def endpoints(self) -> list[tuple[Server, str, int]]:
        """Every (server, address, port) that listens."""
        return [(each, address(each), port) for each in self._servers for port in each.ports]

    def _certificate(self) -> None:
        run(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{self.folder}/key",
            "-out", f"{self.folder}/cert", "-days", "30", "-subj", "/CN=lab.invalid",
        )  # fmt: skip
        both = (self.folder / "cert").read_text() + (self.folder / "key").read_text()
        (self.folder / "pem").write_text(both)
        for name in ("cert", "key", "pem"):
            (self.folder / name).chmod(0o644 if name == "cert" else 0o600)

    def _filled(self, server: Server, text: str) -> str:
        names = {"dir": self.folder / server.name, "at": address(server), "bin": self.folder / "bin"}
        names |= {name: self.folder / name for name in ("cert", "key", "pem")}
        return Template(text).safe_substitute({key: str(value) for key, value in names.items()})

    def _program(self, server: Server) -> str:
        words = shlex.split(self._filled(server, server.command))
        return words[0] if words[0] != "env" else next(w for w in words[1:] if "=" not in w)

    def _start(self, server: Server) -> None:
        run(
            "ip", "-n", self.lab.target, "addr", "replace", f"{address(server)}/32", "dev", "lo"
        )  # named asks the devices
        folder = self.folder / server.name
        folder.mkdir(mode=0o755)
        for name, text in server.files.items():
            (folder / name).write_text(self._filled(server, text))
        if server.user:
            shutil.chown(folder, server.user)
        words = [*shlex.split(f"setpriv --reuid {server.user} --clear-groups" if server.user else "")]
        for command in server.before:
            run(*words, *shlex.split(self._filled(server, command)))
        self.programs[server.name] = subprocess.Popen(
            [
                "ip", "netns", "exec", self.lab.target, "sh", "-c", _PRIVATE, str(self.folder), *words,
                *shlex.split(self._filled(server, server.command)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / f"{server.name}.out").open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=folder,
            env={"PATH": PATH, "LANG": "C.UTF-8", "HOME": str(folder)},
        )  # fmt: skip

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE
        wanted = {(address(each), port): each for each in self._servers for port in each.ports}
        while time.monotonic() < end and wanted:
            lines = run("ip", "netns", "exec", self.lab.target, "ss", "-Htln").splitlines()
            heard = {line.split()[3].rpartition(":")[::2] for line in lines}
            for at, port in list(wanted):
                if heard & {(host, str(port)) for host in (at, "0.0.0.0", "*", "[::]", f"[::ffff:{at}]")}:
                    del wanted[at, port]
            time.sleep(0.2)
        ended = {name: program.poll() for name, program in self.programs.items() if program.poll() is not None}
        if ended:
            told = {each.name: self.said(each)[-600:] for each in self._servers if each.name in ended}
            raise RuntimeError(f"ended already: {told}")
        if wanted:
            told = {each.name: self.said(each)[-600:] for each in wanted.values()}
            raise RuntimeError(f"nobody listens on {sorted(wanted)}: {told}")

    def said(self, server: Server) -> str:
        """What the server has printed."""
        return (self.folder / f"{server.name}.out").read_text("utf-8", "replace")

    def close(self) -> None:
        """End every program in the target's namespace that came of what was started here; remove the folders."""
        for program in self.programs.values():
            if program.poll() is None:
                os.killpg(program.pid, signal.SIGTERM)
        end = time.monotonic() + 5
        while time.monotonic() < end and any(each.poll() is None for each in self.programs.values()):
            time.sleep(0.05)
        for number in run("ip", "netns", "pids", self.lab.target).split():
            try:
                mine = Path(f"/proc/{number}/cwd").readlink().is_relative_to(self.folder)
                mine = mine or str(self.folder).encode() in Path(f"/proc/{number}/environ").read_bytes()
                if mine:
                    os.kill(int(number), signal.SIGKILL)
            except OSError:
                continue
        for program in self.programs.values():
            program.wait(5)
        shutil.rmtree(self.folder, ignore_errors=True)
