"""A year of a government network, simulated: what stands where each week, what it answers, and which machine it is.

Written from how networks behave, and from nothing of how this program tells machines apart. Shares are guesses of a
county's extranet; what a scanner cannot see (a MAC behind a router, a quiet desktop) is not shown.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

WEEK_MS = 7 * 86_400_000
START = 1_700_000_000_000
LOSS = 0.005
"""Share of answers that get lost."""
_DHCP_WEEKLY, _SILENT_WEEKLY = 0.08, 0.012
_REPLACED, _REINSTALLED, _RETIRED, _RENEWED = 0.06 / 52, 0.05 / 52, 0.04 / 52, 1.0 / 52
_VENDORS = ("Huawei", "H3C", "Dell", "Inspur", "Lenovo", "Hikvision")
_REAL, _VIRTUAL = ("48:df:37", "00:e0:fc", "70:fd:45", "3c:8c:40"), ("00:50:56", "00:0c:29", "52:54:00")


@dataclass(eq=False)
class Machine:
    """One machine, as it really is."""

    number: int
    kind: str
    local: bool
    """Does the scanner sit on its link, so that ARP answers with its MAC?"""
    dhcp: bool = False
    ssh: str = ""
    cert: str = ""
    cert_name: str = ""
    subject: str = ""
    name: str = ""
    netbios: bool = False
    mac: str = ""
    more_macs: tuple[str, ...] = ()
    serial: str = ""
    vendor: str = ""
    engine: str = ""
    addresses: list[str] = field(default_factory=list)
    silent_until: int = -1
    behind: bool = False
    """Is it reached through a gateway or balancer only?"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer, and whose it really is."""

    address: str
    port: int
    udp: bool
    collector: str
    facts: dict[str, object]
    machine: int


@dataclass(frozen=True, slots=True)
class Week:
    """One run."""

    number: int
    seen: list[Seen]
    mute: set[int]
    """Machines that answered with nothing that could identify anything."""
    complete: bool


class Year:
    """The network and its year; `scale` hosts."""

    def __init__(self, hosts: int, seed: int = 1) -> None:
        self.lot = random.Random(seed)
        self.made = 0
        self.week = 0
        self.machines: list[Machine] = []
        self.free: list[str] = []
        self._next_address = 0
        self.vips: list[tuple[str, list[Machine], str]] = []
        """Address, machines that hold it in turn, virtual MAC."""
        self.gateways: list[tuple[list[str], dict[int, Machine]]] = []
        """Address of a gateway (in a list, so that it can move), port -> machine behind it."""
        self.balancers: list[tuple[str, list[Machine]]] = []
        self._populate(hosts)

    def weeks(self, count: int = 52) -> Iterator[Week]:
        """Week by week: what a run meets, then what changes until the next."""
        for number in range(count):
            self.week = number
            yield self._run(number)
            self._live()

    # what there is

    def _secret(self, what: str) -> str:
        self.made += 1
        return hashlib.sha256(f"{what}{self.made}".encode()).hexdigest()

    def _key(self) -> str:
        return "SHA256:" + self._secret("key")[:43]

    def _mac(self, makers: tuple[str, ...]) -> str:
        tail = self._secret("mac")
        return f"{self.lot.choice(makers)}:{tail[:2]}:{tail[2:4]}:{tail[4:6]}"

    def _address(self) -> str:
        if self.free and self.lot.random() < 0.7:
            return self.free.pop(self.lot.randrange(len(self.free)))
        self._next_address += 1
        at = self._next_address
        return f"10.{at // 50_000}.{at // 200 % 250}.{at % 200 + 1}"

    def _new(self, kind: str, *, local: bool) -> Machine:
        lot, each = self.lot, Machine(len(self.machines), kind, local)
        self.machines.append(each)
        each.name = f"{kind[:3]}-{each.number:05d}"
        match kind:
            case "virtual":
                each.mac = self._mac(_VIRTUAL)
                each.ssh = self._key() if lot.random() < 0.8 else ""
                each.engine = self._engine() if lot.random() < 0.12 else ""
                self._certify(each, 0.4)
            case "physical":
                each.mac, each.vendor = self._mac(_REAL), lot.choice(_VENDORS)
                each.ssh = self._key() if lot.random() < 0.85 else ""
                if lot.random() < 0.3:
                    each.engine = self._engine()
                    each.serial = self._secret("serial")[:12].upper() if lot.random() < 0.7 else ""
                    each.more_macs = ("02:42:ac:11:00:01",) if lot.random() < 0.3 else ()
                self._certify(each, 0.3)
            case "desktop":
                each.dhcp, each.mac = True, self._mac(_REAL)
                each.netbios = lot.random() < 0.6
                if lot.random() < 0.35:
                    each.cert, each.cert_name = self._secret("rdp"), each.name
            case "network":
                each.mac, each.vendor = self._mac(_REAL), lot.choice(_VENDORS[:2])
                each.serial, each.engine = self._secret("serial")[:12].upper(), self._engine()
                each.more_macs = tuple(self._mac(_REAL) for _ in range(lot.randrange(0, 6)))
                each.ssh = self._key() if lot.random() < 0.7 else ""
            case _:
                each.mac = self._mac(_REAL)
                if lot.random() < 0.3:
                    each.serial, each.vendor = self._secret("serial")[:9].upper(), "Hikvision"
        return each

    def _engine(self) -> str:
        return "80001f8880" + self._secret("engine")[:16]

    def _certify(self, each: Machine, share: float) -> None:
        draw = self.lot.random()
        if draw >= share:
            return
        if draw < share * 0.12:
            each.cert, each.cert_name, each.subject = (
                hashlib.sha256(b"*").hexdigest(),
                "*.gd.example",
                "CN=*.gd.example",
            )
        elif draw < share * 0.2:
            each.cert, each.cert_name = hashlib.sha256(b"san").hexdigest(), "app.gd.example"
        elif draw < share * 0.28:
            each.cert, each.subject = hashlib.sha256(b"traefik").hexdigest(), "CN=TRAEFIK DEFAULT CERT"
        else:
            each.cert, each.cert_name = self._secret("cert"), f"www{each.number}.gd.example"

    def _populate(self, hosts: int) -> None:
        lot = self.lot
        for kind, share in (("virtual", 45), ("physical", 15), ("desktop", 25), ("network", 8), ("thing", 7)):
            for _ in range(hosts * share // 100):
                each = self._new(kind, local=lot.random() < 0.2)
                count = 1
                if kind == "physical" and lot.random() < 0.15:
                    count = 2
                elif kind == "network" and lot.random() < 0.3:
                    count = lot.randrange(2, 13)
                each.addresses = [self._address() for _ in range(count)]
        virtual = [each for each in self.machines if each.kind == "virtual" and each.ssh]
        lot.shuffle(virtual)
        taken = 0
        while taken < len(virtual) * 0.04:  # images copied with their keys
            group = virtual[taken : taken + lot.randrange(2, 13)]
            for each in group[1:]:
                each.ssh = group[0].ssh
                each.engine = group[0].engine
            taken += len(group)
        routers = [each for each in self.machines if each.kind == "network"]
        for at in range(0, max(2, len(routers) // 16), 2):
            pair = routers[at : at + 2]
            if len(pair) == 2:
                self.vips.append((self._address(), pair, f"00:00:5e:00:01:{at % 256:02x}"))
        inside = [each for each in virtual[taken:] if each.cert and each.ssh][: max(3, hosts // 200)]
        for at in range(0, len(inside) - 2, 3):
            group = inside[at : at + 3]
            for each in group:
                self._leave(each)
                each.behind = True
            self.gateways.append(([self._address()], {22: group[0], 2222: group[1], 443: group[2]}))
        pools = [each for each in virtual[taken:] if each.cert and not each.behind][: max(2, hosts // 250)]
        for at in range(0, len(pools) - 1, 2):
            self.balancers.append((self._address(), pools[at : at + 2]))

    def _leave(self, each: Machine) -> None:
        self.free += each.addresses
        each.addresses = []

    # what a run meets

    def _run(self, number: int) -> Week:
        complete = self.lot.random() > 0.1
        seen: list[Seen] = []
        for each in self.machines:
            if each.silent_until >= number:
                continue
            for address in each.addresses:
                seen += self._answers(each, address)
        for address, pair, virtual in self.vips:
            active = [each for each in pair if each.silent_until < number]
            if active:
                seen += [Seen(address, 0, False, "arp", {"host.mac": (virtual,)}, active[0].number)]
                seen += [one for one in self._answers(active[0], address) if one.collector != "arp"]
        for address, ports in self.gateways:
            for port, each in ports.items():
                wanted = "tls" if port == 443 else "ssh"
                seen += [
                    Seen(address[0], port, False, wanted, one.facts, each.number)
                    for one in self._answers(each, address[0])
                    if one.collector == wanted
                ]
        for address, backends in self.balancers:
            each = self.lot.choice(backends)
            seen += [one for one in self._answers(each, address) if one.collector == "tls"]
        seen = [one for one in seen if self.lot.random() > LOSS]
        if not complete:
            seen = [one for one in seen if hash_of(one.address) % 3]
        showing = {one.machine for one in seen if len(one.facts) > 1 or "host.mac" in one.facts}
        up = {each.number for each in self.machines if each.silent_until < number and (each.addresses or each.behind)}
        return Week(number, seen, up - showing, complete)

    def _answers(self, each: Machine, address: str) -> list[Seen]:
        found: list[Seen] = []

        def add(port: int, collector: str, *, udp: bool = False, **facts: object) -> None:
            told = {name.replace("__", "."): value for name, value in facts.items()}
            found.append(Seen(address, port, udp, collector, told, each.number))

        if each.local:
            add(0, "arp", host__mac=(each.mac,))
        if each.ssh:
            add(22, "ssh", service__name="ssh", ssh__host_key=(each.ssh,), service__product="OpenSSH")
        if each.cert:
            port = 3389 if each.kind == "desktop" else 443
            names = (each.cert_name,) if each.cert_name else ()
            subject = each.subject or f"CN={each.cert_name}"
            add(port, "tls", tls__enabled=True, tls__fingerprint=each.cert, tls__names=names, tls__subject=subject)
        if each.netbios:
            add(137, "netbios", udp=True, service__name="netbios", host__names=(each.name,), host__mac=(each.mac,))
        if each.engine or each.serial:
            facts: dict[str, object] = {"service__name": "snmp", "host__names": (each.name,)}
            facts |= {"snmp__engine_id": each.engine} if each.engine else {}
            facts |= {"device__serial": each.serial, "device__vendor": each.vendor} if each.serial else {}
            facts["host__mac"] = tuple(sorted({each.mac, *each.more_macs}))
            add(161, "snmp", udp=True, **facts)
        if each.kind == "thing":
            add(80, "http", service__name="http", http__status_code=200, http__title="login")
        return found

    # what changes until the next

    def _live(self) -> None:
        lot, week = self.lot, self.week
        for each in list(self.machines):
            if not each.addresses and not each.behind:
                continue
            if each.silent_until < week and lot.random() < _SILENT_WEEKLY:
                each.silent_until = week + lot.randrange(1, 5)
            if each.dhcp and lot.random() < _DHCP_WEEKLY:
                old = each.addresses
                each.addresses = [self._address()]
                self.free += old
            if each.cert_name and not each.cert_name.startswith(("*", "app.")) and lot.random() < _RENEWED:
                each.cert = self._secret("cert")
            if lot.random() < _REINSTALLED and each.kind in {"virtual", "physical", "desktop"}:
                each.ssh = self._key() if each.ssh else ""
                each.cert = self._secret("cert") if each.cert and not each.subject else each.cert
                each.engine = self._engine() if each.engine else ""
            if lot.random() < _REPLACED and not each.behind:
                self._replace(each)
            elif lot.random() < _RETIRED and not each.behind:
                self._leave(each)
                new = self._new(each.kind, local=each.local)
                new.addresses = [self._address()]
        for place, _ in self.gateways:
            if lot.random() < 2 / 52:
                self.free += place
                place[:] = [self._address()]

    def _replace(self, old: Machine) -> None:
        """New hardware on the old address, often under the old name."""
        new = self._new(old.kind, local=old.local)
        new.addresses, old.addresses = old.addresses, []
        if self.lot.random() < 0.6:
            new.name = old.name
            if new.cert_name == f"www{new.number}.gd.example" and old.cert_name:
                new.cert_name = old.cert_name
        for _, pair, _ in self.vips:
            pair[:] = [new if each is old else each for each in pair]
        for _, backends in self.balancers:
            backends[:] = [new if each is old else each for each in backends]


def hash_of(text: str) -> int:
    """The same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest())
