"""Real UDP servers of Debian, each started here in a namespace of its own link: nothing is installed, nothing stays.

scanner 198.18.1.1 -- 198.18.1.2 the servers, 198.18.1.3 dnsmasq. What is not installed is not started.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.lab.namespace import inside, run

HERE, THERE, OTHER = "198.18.1.1", "198.18.1.2", "198.18.1.3"
CHARON = "/usr/lib/ipsec/charon"


class Servers:
    """Made by the constructor, gone with `close`. `ports`: port -> (address, program) of those that run."""

    def __init__(self, folder: Path) -> None:
        stem = f"su{os.getpid()}"
        self.folder = folder
        self.scan, self.target = f"{stem}s", f"{stem}t"
        self._programs: list[subprocess.Popen[bytes]] = []
        for name in (self.scan, self.target):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", self.scan, "link", "add", "us", "type", "veth", "peer", "name", "ut", "netns", self.target)
        for name, device, addresses in ((self.scan, "us", (HERE,)), (self.target, "ut", (THERE, OTHER))):
            for each in addresses:
                run("ip", "-n", name, "addr", "add", f"{each}/24", "broadcast", "198.18.1.255", "dev", device)
            run("ip", "-n", name, "link", "set", device, "up")
            run("ip", "-n", name, "route", "add", "default", "dev", device)
        self.ports: dict[str, tuple[str, int]] = {}

    def start(self, name: str, address: str, port: int, *words: str, **more: str) -> bool:
        """Run this server if it is installed, and wait until its port is held."""
        program = shutil.which(words[0]) or shutil.which(words[0], path="/usr/sbin:/usr/lib/ipsec")
        if program is None:
            return False
        self._programs.append(
            subprocess.Popen(
                ["ip", "netns", "exec", self.target, program, *words[1:]],
                stdin=subprocess.DEVNULL,
                stdout=(self.folder / f"{name}.log").open("wb"),
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **more},
                cwd=self.folder,
            )
        )
        end = time.monotonic() + 10
        while time.monotonic() < end:
            held = run("ip", "netns", "exec", self.target, "ss", "-Huln")
            if any(line.split()[3].rpartition(":")[2] == str(port) for line in held.splitlines()):
                self.ports[name] = (address, port)
                return True
            time.sleep(0.05)
        raise RuntimeError(f"{name} does not serve: {(self.folder / f'{name}.log').read_text()[-800:]}")

    def write(self, name: str, text: str) -> str:
        """A file in the folder; its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def all(self) -> None:
        """Every server there is."""
        for begin in (self._named, self._dnsmasq, self._ntpd, self._snmpd, self._nmbd, self._avahi, self._ssdp,
                      self._charon):  # fmt: skip
            begin()

    def _named(self) -> None:
        zone = self.write(
            "lab.zone", "$TTL 60\n@ SOA ns root 1 60 60 60 60\n@ NS ns\nns A 198.18.1.2\nwww A 198.18.1.9\n"
        )
        page = self.write(
            "named.conf",
            f'options {{ directory "{self.folder}"; pid-file "{self.folder}/named.pid"; '
            f'session-keyfile "{self.folder}/session.key"; listen-on {{ {THERE}; }}; listen-on-v6 {{ none; }}; '
            "recursion yes; allow-recursion { any; }; dnssec-validation no; allow-transfer { any; }; "
            'hostname "ns.lab.example"; };\ncontrols { };\n'
            f'zone "lab.example" {{ type primary; file "{zone}"; }};\n',
        )
        self.start("named", THERE, 53, "named", "-f", "-c", page)

    def _dnsmasq(self) -> None:
        words = ("--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces",
                 f"--listen-address={OTHER}", "--except-interface=lo", "--user=root", "--pid-file=")  # fmt: skip
        if self.start("dnsmasq", OTHER, 53, "dnsmasq", *words):
            self._held(OTHER, 53)

    def _held(self, address: str, port: int) -> None:
        end = time.monotonic() + 5
        while time.monotonic() < end:
            if f"{address}:{port} " in run("ip", "netns", "exec", self.target, "ss", "-Huln"):
                return
            time.sleep(0.05)
        raise RuntimeError(f"nobody serves {address}:{port}")

    def _ntpd(self) -> None:
        page = self.write("ntp.conf", "restrict default\nserver 127.0.0.1\ndisable monitor\n")
        self.start("ntpd", THERE, 123, "ntpd", "-n", "-g", "-c", page, "-p", str(self.folder / "ntp.pid"))

    def _snmpd(self) -> None:
        page = self.write(
            "snmpd.conf",
            "rocommunity public\nsyslocation 机房 3\nsysname lab-switch\nagentaddress udp:198.18.1.2:161\n",
        )
        self.start(
            "snmpd", THERE, 161, "snmpd", "-f", "-Lo", "-C", "-c", page, "-p", str(self.folder / "snmpd.pid"),
            SNMP_PERSISTENT_DIR=str(self.folder / "snmp"),
        )  # fmt: skip

    def _nmbd(self) -> None:
        place = self.folder / "samba"
        place.mkdir()
        page = self.write(
            "smb.conf",
            "[global]\nnetbios name = LABFILES\nworkgroup = LABGROUP\ninterfaces = ut\nbind interfaces only = yes\n"
            + "".join(f"{key} = {place}\n" for key in ("lock directory", "state directory", "cache directory",
                                                       "pid directory", "private dir", "ncalrpc dir")),
        )  # fmt: skip
        self.start("nmbd", THERE, 137, "nmbd", "-F", "--no-process-group", "--debug-stdout", "-s", page)

    def _avahi(self) -> None:
        services = self.folder / "services"
        services.mkdir()
        page = self.write(
            "avahi.conf",
            "[server]\nhost-name=lab-printer\nenable-dbus=no\nallow-interfaces=ut\nuse-ipv6=no\n"
            "[publish]\npublish-workstation=yes\npublish-hinfo=no\n[rlimits]\n",
        )
        self.start("avahi", THERE, 5353, "avahi-daemon", "--no-drop-root", "--no-chroot", "--no-rlimits", "-f", page)

    def _ssdp(self) -> None:
        place = self.folder / "minissdpd.sock"
        pid = str(self.folder / "minissdpd.pid")
        if not self.start("minissdpd", THERE, 1900, "minissdpd", "-d", "-i", "ut", "-s", str(place), "-p", pid):
            return
        told = (
            b"upnp:rootdevice", b"uuid:6f0c1d2e-lab::upnp:rootdevice", b"Linux/6.1 UPnP/1.1 LabRouter/2.5",
            b"http://198.18.1.2:5000/rootDesc.xml",
        )  # fmt: skip
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(place))
            sock.send(b"\x04" + b"".join(bytes([len(each)]) + each for each in told))
            time.sleep(0.2)  # taken in before the next question

    def _charon(self) -> None:
        page = self.write(
            "strongswan.conf",
            "charon { install_routes = no\n install_virtual_ip = no\n"
            "plugins { include /etc/strongswan.d/charon/*.conf }\n"
            f"filelog {{ log {{ path = {self.folder}/charon-full.log\n default = 1 }} }} }}\n",
        )
        self.start("charon", THERE, 500, "charon", STRONGSWAN_CONF=page)

    def within(self) -> Callable[[], object]:
        """This thread in the scanner's namespace."""
        return inside(self.scan)

    def close(self) -> None:
        """End every program started here and take the namespaces down."""
        for program in self._programs:
            if program.poll() is None:
                os.killpg(program.pid, signal.SIGTERM)
        for program in self._programs:
            try:
                program.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(program.pid, signal.SIGKILL)
                program.wait(3)
        for name in (self.scan, self.target):
            run("ip", "netns", "del", name)
