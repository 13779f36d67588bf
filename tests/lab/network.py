"""The lab: a scanner, a router that loses packets and counts strays, and 4,096 hosts, each in a namespace of its own.

scan (198.18.0.1) -- router -- target: 198.19.0.0/20 and fd19::/116 all answer (AnyIP). The scanner's default route
leads to the router, so whatever it sends anywhere is counted there, on neither end's own machine.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from tests.lab.namespace import inside, run

HOSTS = "198.19.0.0/20"
HOSTS6 = "fd19::/116"
SCANNER = "198.18.0.1"
SCANNER6 = "fd18::1"
PRINTER = 9100
SERVER = Path(__file__).with_name("listeners.py")


class Lab:
    """Made by the constructor, gone with `close`. `leased` says what the scanner may touch."""

    def __init__(self, folder: Path) -> None:
        stem = f"sx{os.getpid()}"
        self.folder = folder
        self.scan, self.router, self.target = f"{stem}s", f"{stem}r", f"{stem}t"
        self._earlier: set[str] = set()
        self._programs: list[subprocess.Popen[bytes]] = []
        for name in (self.scan, self.router, self.target):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        self._wire(self.scan, "vs", self.router, "rs", "198.18.0.1/30", "198.18.0.2/30", "fd18::1/64", "fd18::2/64")
        self._wire(
            self.target, "vt", self.router, "rt", "198.18.0.6/30", "198.18.0.5/30", "fd18:1::6/64", "fd18:1::5/64"
        )
        run("ip", "-n", self.scan, "route", "add", "default", "via", "198.18.0.2")
        run("ip", "-n", self.scan, "-6", "route", "add", "default", "via", "fd18::2")
        run("ip", "-n", self.target, "route", "add", "default", "via", "198.18.0.5")
        run("ip", "-n", self.target, "-6", "route", "add", "default", "via", "fd18:1::5")
        run("ip", "-n", self.router, "route", "add", HOSTS, "via", "198.18.0.6")
        run("ip", "-n", self.router, "-6", "route", "add", HOSTS6, "via", "fd18:1::6")
        run("ip", "-n", self.target, "route", "add", "local", HOSTS, "dev", "lo")
        run("ip", "-n", self.target, "-6", "route", "add", "local", HOSTS6, "dev", "lo")
        self._sysctl(self.router, "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        self._sysctl(self.target, "net.core.somaxconn=65535", "net.ipv4.tcp_max_syn_backlog=65535")
        self.leased((), ())

    def _wire(self, one: str, first: str, two: str, second: str, *addresses: str) -> None:
        run("ip", "-n", one, "link", "add", first, "type", "veth", "peer", "name", second, "netns", two)
        four, four2, six, six2 = addresses
        for name, device, v4, v6 in ((one, first, four, six), (two, second, four2, six2)):
            run("ip", "-n", name, "addr", "add", v4, "dev", device)
            run("ip", "-n", name, "-6", "addr", "add", v6, "dev", device, "nodad")
            run("ip", "-n", name, "link", "set", device, "up")

    def _sysctl(self, name: str, *settings: str) -> None:
        for setting in settings:
            run("ip", "netns", "exec", name, "sysctl", "-qw", setting)

    def leased(
        self,
        targets: Iterable[str],
        ports: Iterable[str],
        *,
        loss: int = 0,
        resolver: str = "",
        udp: Iterable[str] = (),
        echo: bool = False,
    ) -> None:
        """Count as stray whatever leaves the scanner for elsewhere; lose `loss` % of the packets each way.

        `resolver` is the name server of the scope: a named endpoint, asked over UDP. `udp`: ports that may be asked
        so as well. `echo`: pings are allowed.

        The scanner's kernel may still end conversations of earlier leases (resets, last segments), never begin one.
        """
        allowed, wanted, asked = list(targets), ", ".join(ports), ", ".join(udp)
        late = "".join(f"{words} tcp flags & (syn | ack) != syn accept\n" for words in sorted(self._earlier))
        accepted = ""
        for family, members in (
            ("ip", [t for t in allowed if ":" not in t]),
            ("ip6", [t for t in allowed if ":" in t]),
        ):
            if members and wanted:
                words = f"{family} daddr {{ {', '.join(members)} }} tcp dport {{ {wanted} }}"
                accepted += f"{words} goto leased\n"
                self._earlier.add(words)
            if members and asked:
                accepted += f"{family} daddr {{ {', '.join(members)} }} udp dport {{ {asked} }} goto asked\n"
            if members and echo:
                kind = "icmp" if family == "ip" else "icmpv6"
                accepted += f"{family} daddr {{ {', '.join(members)} }} {kind} type echo-request goto asked\n"
        if resolver:
            accepted += f"ip daddr {resolver} udp dport 53 accept\n"
        drop = f"numgen random mod 100 < {loss} counter name lost drop" if loss else ""
        run("ip", "netns", "exec", self.router, "nft", "-f", "-", data=f"""
            table inet lab {{}}
            delete table inet lab
            table inet lab {{
                counter stray {{}}
                counter syn {{}}
                counter lost {{}}
                chain asked {{
                    {drop}
                }}
                chain leased {{
                    tcp flags & (syn | ack) == syn counter name syn
                    {drop}
                }}
                chain outgoing {{
                    type filter hook prerouting priority -300; policy accept;
                    iifname "rt" jump incoming
                    iifname != "rs" accept
                    icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld-listener-report,
                        mld2-listener-report }} accept
                    {accepted}
                    {late}
                    counter name stray
                }}
                chain incoming {{
                    {drop}
                }}
            }}
        """)  # fmt: skip

    def router_hardware(self) -> str:
        """The hardware address of the scanner's next hop."""
        return json.loads(run("ip", "-n", self.router, "-j", "link", "show", "rs"))[0]["address"]

    def counted(self) -> dict[str, int]:
        """Packets the router counted: stray, syn, lost."""
        told = json.loads(
            run("ip", "netns", "exec", self.router, "nft", "-j", "list", "counters", "table", "inet", "lab")
        )
        return {each["counter"]["name"]: each["counter"]["packets"] for each in told["nftables"] if "counter" in each}

    def start(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        """Run a program in a namespace until the lab closes."""
        program = subprocess.Popen(
            ["ip", "netns", "exec", name, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / f"{len(self._programs)}.log").open("wb"),
            start_new_session=True,
        )
        self._programs.append(program)
        return program

    def listen(self, *ports: int) -> None:
        """Listeners of our own on these ports of every host: they accept, greet and close."""
        self.start(self.target, sys.executable, str(SERVER), *map(str, ports))
        self.wait(ports)

    def real_servers(self) -> dict[int, str]:
        """Start what is installed of nginx (80), Redis (6379) and OpenSSH (22); port -> name."""
        running: dict[int, str] = {}
        if shutil.which("nginx"):
            page = self.folder / "nginx.conf"
            page.write_text(
                f"worker_processes 1; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.log; daemon off;\n"
                "events { worker_connections 8192; }\n"
                f"http {{ access_log off; client_body_temp_path {self.folder}/b; proxy_temp_path {self.folder}/p;\n"
                f"fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;\n"
                'server { listen 80 backlog=4096; listen [::]:80 backlog=4096; return 200 "ok"; } }\n'
            )
            self.start(self.target, "nginx", "-p", str(self.folder), "-c", str(page))
            running[80] = "nginx"
        if shutil.which("redis-server"):
            self.start(
                self.target, "redis-server", "--port", "6379", "--bind", "0.0.0.0", "--protected-mode", "no",
                "--save", "", "--tcp-backlog", "4096", "--dir", str(self.folder), "--maxclients", "5000",
            )  # fmt: skip
            running[6379] = "redis"
        sshd = shutil.which("sshd") or "/usr/sbin/sshd"
        if Path(sshd).exists():
            key = self.folder / "host_key"
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
            Path("/run/sshd").mkdir(exist_ok=True)
            self.start(
                self.target, sshd, "-D", "-f", "/dev/null", "-h", str(key), "-p", "22",
                "-o", "MaxStartups=2000", "-o", f"PidFile={self.folder}/sshd.pid",
            )  # fmt: skip
            running[22] = "openssh"
        self.wait(running)
        return running

    def wait(self, ports: Iterable[int]) -> None:
        """Until all these ports listen in the target; fails after ten seconds."""
        missing, end = set(ports), time.monotonic() + 10
        while missing and time.monotonic() < end:
            told = run("ip", "netns", "exec", self.target, "ss", "-Htln")
            missing -= {int(line.split()[3].rpartition(":")[2]) for line in told.splitlines()}
            time.sleep(0.05)
        if missing:
            raise RuntimeError(f"nobody listens on {sorted(missing)}")

    def touched(self, port: int) -> int:
        """Packets that came to this port of any host, by TCP or UDP (call `watch` first)."""
        told = json.loads(
            run("ip", "netns", "exec", self.target, "nft", "-j", "list", "counters", "table", "inet", "watch")
        )
        return sum(
            each["counter"]["packets"]
            for each in told["nftables"]
            if "counter" in each and each["counter"]["name"] == f"p{port}"
        )

    def watch(self, port: int) -> None:
        """Count what comes to a port that nobody may touch."""
        run("ip", "netns", "exec", self.target, "nft", "-f", "-", data=f"""
            table inet watch {{
                counter p{port} {{}}
                chain coming {{
                    type filter hook prerouting priority -300;
                    meta l4proto {{ tcp, udp }} th dport {port} counter name p{port}
                }}
            }}
        """)  # fmt: skip

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
        for name in (self.scan, self.router, self.target):
            run("ip", "netns", "del", name)

    def within(self):
        """This thread in the scanner's namespace."""
        return inside(self.scan)
