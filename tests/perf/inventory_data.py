"""A province's inventory in bulk: a million assets, three million services, their history, as the store keeps them.

Everything else of the inventory is measured on it. Rows are those of `store.entities.encode`, a pattern a kind of
thing, each row with its own key, address, names, times, unit and system; they lie in the order in which scans find
addresses, not in order of id. The log itself is not written: the benches log and merge what they need on top.
"""
# ruff: noqa: PLR0917 - rows have many columns

import argparse
import hashlib
import json
import os
import random
import sqlite3
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from secops.core import address  # noqa: E402 - after the path
from secops.core.clock import DAY_MS, Instant  # noqa: E402
from secops.core.ids import derive  # noqa: E402
from secops.core.model import Entity, Kind, Organisation, Relation, RelationType, State  # noqa: E402
from secops.store import alike, entities, organisations, relations, texts  # noqa: E402 - after the path
from secops.store.changes import changes  # noqa: E402
from secops.store.cursor import cursors  # noqa: E402
from secops.store.database import Database, sequence  # noqa: E402
from secops.store.migrate import HEAD, upgrade  # noqa: E402
from secops.store.rows import pack  # noqa: E402
from secops.store.shadow import places  # noqa: E402 - after the path

SITE = "default"
NOW = Instant(1_795_800_000_000)
RUNS = 104
"""Weekly scans: two years."""
RUN_SEQ = 600_000
"""Log entries a scan."""
SHARES = {"network": 0.002, "system": 0.018, "data": 0.02, "website": 0.08, "device": 0.08, "host": 0.18}
"""Of the assets; the rest are addresses."""
A_SERVICES = 3
"""Services for each asset."""
CHUNK = 20_000

CITIES = tuple(f"{a}{b}市" for a in "江海山云龙安宁" for b in ("州", "阳", "门"))
COUNTIES = tuple(f"{a}{b}" for a in "东西南北新" for b in ("城区", "山县", "河县", "湖区", "港区", "丰县"))
BUREAUS = tuple(
    f"{each}局"
    for each in [
        "财政",
        "教育",
        "卫生健康",
        "公安",
        "民政",
        "司法",
        "人力资源和社会保障",
        "自然资源",
        "生态环境",
        "住房和城乡建设",
        "交通运输",
        "水务",
        "农业农村",
        "商务",
        "文化广电旅游",
        "应急管理",
        "审计",
        "市场监督管理",
        "统计",
        "医疗保障",
        "政务服务和数据管理",
        "信访",
        "气象",
        "税务",
        "林业",
        "退役军人事务",
        "体育",
        "乡村振兴",
        "档案",
        "国有资产监督管理",
        "发展和改革",
        "科学技术",
        "工业和信息化",
    ]
)
THINGS = [
    "一体化审批",
    "学籍管理",
    "预算管理",
    "公文交换",
    "视频会议",
    "人口库",
    "法人库",
    "电子证照",
    "应急指挥",
    "不动产登记",
    "社保经办",
    "医保结算",
    "环境监测",
    "水情遥测",
    "信访受理",
]
BARE = ("404 Not Found", "登录", "Welcome to nginx!")
ENDS = ("系统", "平台", "服务平台", "子系统")
ZONES = ("互联网接入区", "政务外网公共区", "政务外网数据区", "视频专网", "办公区")
WEB = (
    ("nginx", "1.18.0"), ("nginx", "1.22.1"), ("nginx", "1.26.2"), ("Apache httpd", "2.4.6"),
    ("Apache httpd", "2.4.62"), ("Microsoft IIS httpd", "8.5"), ("Apache Tomcat", "8.5.93"), ("TongWeb", "7.0.4"),
    ("OpenResty", "1.21.4"), ("Jetty", "9.4.44"),
)  # fmt: skip
ISSUERS = ("CN=GlobalSign RSA OV SSL CA 2018", "CN=DigiCert Secure Site Pro CN CA G3",
           "CN=政务CA, O=省数字证书认证中心", "CN=localhost", "CN=R11, O=Let's Encrypt")  # fmt: skip
PORTS = (
    ("http", 80, 20), ("https", 443, 18), ("ssh", 22, 18), ("http", 8080, 8), ("rdp", 3389, 6), ("smb", 445, 5),
    ("mysql", 3306, 5), ("snmp", 161, 5), ("redis", 6379, 3), ("ftp", 21, 2), ("dns", 53, 2), ("dameng", 5236, 2),
    ("oracle", 1521, 2), ("https", 8443, 1), ("postgres", 5432, 1), ("elasticsearch", 9200, 1), ("telnet", 23, 1),
)  # fmt: skip
PLAIN = {
    "ssh": [("OpenSSH", each) for each in ("7.4", "8.0", "8.9p1", "9.2p1", "9.6p1")],
    "rdp": [("Microsoft Terminal Services", None)],
    "smb": [("Samba smbd", "4.9.1"), ("Windows Server 2016", None)],
    "mysql": [("MySQL", "5.5.62"), ("MySQL", "5.7.44"), ("MySQL", "8.0.36"), ("MariaDB", "10.3.39")],
    "snmp": [("Net-SNMP", None), ("Huawei VRP", None)],
    "redis": [("Redis", "3.2.12"), ("Redis", "6.2.14"), ("Redis", None)],
    "ftp": [("vsFTPd", "2.3.4"), ("vsFTPd", "3.0.5")],
    "dns": [("BIND", "9.11.4"), ("BIND", "9.18.28")],
    "dameng": [("达梦数据库", None)],
    "oracle": [("Oracle TNS listener", "11.2.0.4.0"), ("Oracle TNS listener", "19.3.0.0.0")],
    "postgres": [("PostgreSQL DB", "12.9")],
    "elasticsearch": [("Elasticsearch REST API", "7.10.2"), ("Elasticsearch REST API", "8.15.1")],
    "telnet": [("Huawei telnetd", None)],
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A row of one kind of thing; what differs from thing to thing is put in its places."""

    table: str
    names: tuple[str, ...]
    row: tuple[object, ...]
    places: dict[str, int]

    def filled(self, **own: object) -> tuple[object, ...]:
        row = list(self.row)
        for name, value in own.items():
            row[self.places[name]] = value
        row[self.places[alike.COLUMN]] = alike.digest(dict(zip(self.names, row, strict=True)))
        return tuple(row)


def pattern(kind: Kind, facts: dict[str, object], source: str, *, unknown: dict[str, str] | None = None) -> Pattern:
    """The encoded row of such a thing, with the origin of every fact and room for what is its own."""
    inborn = ("address", "port", "transport", "network.zone")
    origin = {name: "born" if name in inborn else source for name in facts}
    given = Entity(
        kind=kind, site=SITE, key="k", first_seen=NOW, last_seen=NOW, parent="p", org_id="o", system_id="s",
        facts=facts, origin=origin, sources={source: (0, 0, "look")}, unknown=unknown or {}, changed_seq=1,
        declared=source == "declare",
    )  # fmt: skip
    row = entities.encode(given, "id")
    names = tuple(row)
    table = "service_rows" if kind is Kind.SERVICE else "asset_rows"
    return Pattern(table, names, tuple(row.values()), {name: place for place, name in enumerate(names)})


def web_facts(product: str, number: str, *, tls: bool, port: int, service: bool) -> dict[str, object]:
    """What the http collector writes of one page."""
    facts: dict[str, object] = {
        "address": "0.0.0.0", "port": port, "service.product": product, "service.version": number,
        "http.status_code": 200, "http.server": f"{product}/{number}", "http.title": "t", "http.body_sha256": "b",
        "http.headers": ("cache-control", "connection", "content-type", "date", "server", "set-cookie", "vary"),
        "http.cookies_insecure": ("JSESSIONID",), "http.directory_listing": False, "http.login_form": port == 8080,
        "http.favicon_hash": 777912581, "http.charset": "utf-8", "http.technologies": ("jQuery", product),
        "http.robots": False, "tls.enabled": tls,
    }  # fmt: skip
    if service:
        facts |= {"transport": "tcp", "service.name": "https" if tls else "http", "network.zone": "z"}
    else:
        facts |= {"http.icp": ("x",), "http.gov_code": "4400000000"}
    if tls:
        facts |= {
            "tls.version": "TLSv1.2", "tls.cipher": "ECDHE-RSA-AES128-GCM-SHA256", "tls.subject": "s",
            "tls.issuer": "i", "tls.names": ("n",), "tls.not_before": 1, "tls.not_after": 1, "tls.self_signed": False,
            "tls.key_type": "rsa", "tls.key_bits": 2048, "tls.signature": "sha256WithRSAEncryption",
            "tls.fingerprint": "f", "tls.chain_length": 2, "http.hsts": number > "2",
        }  # fmt: skip
    return facts


def plain_facts(name: str, port: int, product: str, number: str | None) -> dict[str, object]:
    """What a greeting tells."""
    facts: dict[str, object] = {
        "address": "0.0.0.0", "port": port, "transport": "udp" if port in {53, 161} else "tcp", "service.name": name,
        "service.product": product, "network.zone": "z", "service.banner": f"{product} {number or ''} ready",
        "tls.enabled": False,
    }  # fmt: skip
    if number:
        facts |= {"service.version": number, "service.cpe": (f"cpe:/a:{name}:{name}:{number}",)}
    if name == "ssh":
        facts |= {"ssh.host_key": ("k",), "ssh.host_key_type": ("ecdsa-sha2-nistp256", "rsa-sha2-512", "ssh-ed25519")}
    if name == "snmp":
        facts |= {"snmp.versions": ("2c",), "snmp.description": f"{product} Software", "snmp.name": "sw"}
    if name == "redis":
        facts["service.auth_required"] = number is not None
    return facts


@dataclass(slots=True)
class Province:
    """What is drawn from: units, systems, the dice."""

    assets: int
    dice: random.Random
    orgs: list[Organisation] = field(default_factory=list)
    systems: list[str] = field(default_factory=list)
    born: dict[str, int] = field(default_factory=dict)

    def number(self, kind: str) -> int:
        """How many assets of this kind."""
        if kind == "ip":
            return self.assets - sum(self.number(each) for each in SHARES)
        return max(1, round(self.assets * SHARES[kind]))


def units() -> list[Organisation]:
    """The tree of units: the province's, its cities', their counties'."""
    found: list[Organisation] = []

    def unit(name: str, parent: str) -> str:
        id = f"U{len(found):05}"
        code = "11440000" + hashlib.sha256(name.encode()).hexdigest()[:10].upper()
        found.append(Organisation(id, SITE, name, parent, code, "王某某", "020-00000000", f"{id.lower()}@gov.example"))
        return id

    top = unit("省人民政府", "")
    for each in BUREAUS:
        unit(f"省{each.removesuffix('局')}厅", top)
    for city in CITIES:
        at = unit(f"{city}人民政府", top)
        for each in BUREAUS:
            unit(f"{city}{each}", at)
        for county in COUNTIES[:6]:
            below = unit(f"{city}{county}人民政府", at)
            for each in BUREAUS[:22]:
                unit(f"{city}{county}{each}", below)
    return found


def _moments(dice: random.Random) -> tuple[int, int, int, int]:
    """First seen, last seen, log entry of birth, of the last change."""
    first = int(dice.random() ** 3 * (RUNS - 1))
    at = NOW - (RUNS - first) * 7 * DAY_MS + dice.randrange(DAY_MS)
    last = NOW - dice.randrange(DAY_MS) - (0 if dice.random() < 0.92 else dice.randrange(60) * DAY_MS)
    return at, max(at, last), first * RUN_SEQ + dice.randrange(RUN_SEQ), 0


class Writer:
    """Rows gathered by columns and handed to the driver in bulk."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.waiting: dict[tuple[str, tuple[str, ...]], list[tuple[object, ...]]] = {}
        self.count = 0

    def add(self, table: str, names: tuple[str, ...], row: tuple[object, ...]) -> None:
        """Take one row."""
        self.waiting.setdefault((table, names), []).append(row)
        self.count += 1
        if self.count >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        for (table, names), rows in self.waiting.items():
            listed = ",".join(f'"{each}"' for each in names)
            marks = ",".join("?" * len(names))
            self.connection.executemany(f"INSERT INTO {table} ({listed}) VALUES ({marks})", rows)
        self.waiting.clear()
        self.count = 0


LOOK = ("look", "digest", "at", "seq", "touched")
CHANGE = tuple(column.name for column in changes.columns)
RELATION = tuple(column.name for column in relations.relation_rows.columns)
NUMBER = ("number", "id")
SIGHTING = ("number", "last_seen")


class Filler:
    """Makes the things and what hangs on them."""

    def __init__(self, writer: Writer, province: Province) -> None:
        self.writer = writer
        self.province = province
        self.dice = province.dice
        self.numbers: dict[str, int] = {}
        self.titles = [f"{unit.name}{thing}系统" for unit in province.orgs[:400] for thing in THINGS]

    def put(
        self, pattern: Pattern, kind: Kind, key: str, source: str, target: str, *, org: str, system: str,
        parent: str = "", touched: tuple[str, ...] = (), **own: object,
    ) -> str:  # fmt: skip
        """One thing with its look, its birth and, of some, what changed since."""
        dice = self.dice
        id = derive(str(kind), SITE, key, 1)
        first, last, seq, _ = _moments(dice)
        state = State.ACTIVE if NOW - last < 8 * DAY_MS else State.STALE if dice.random() < 0.7 else State.GONE
        look = derive("look", SITE, source, target)
        name = "born" if source == "declare" else source
        newest = self._history(id, kind, key, first, seq, own, org, state)
        told = f'{{"born":[0,{seq}],"{source}":"{look}"}}' if source != "declare" else f'{{"declare":[{first},{seq}]}}'
        if source == "declare":
            state = State.DECLARED
        row = pattern.filled(
            id=id, site=SITE, key=key, state=str(state), first_seen=first, parent=parent or None,
            org_id=org or None, system_id=system or None, sources=told, changed_seq=newest, **own,
        )  # fmt: skip
        self.writer.add(pattern.table, pattern.names, row)
        self._seen(id, last)
        if source != "declare" and kind in {Kind.SERVICE, Kind.WEBSITE}:
            said = hashlib.blake2b(look.encode(), digest_size=16).digest()
            hit = json.dumps(sorted(self.numbers[each] for each in {id, *touched}), separators=(",", ":"))
            self.writer.add("looks", LOOK, (look, said, last, newest, hit))
        del name
        return id

    def _seen(self, id: str, last: int) -> None:
        if id not in self.numbers:
            self.numbers[id] = len(self.numbers) + 1
            self.writer.add("numbers", NUMBER, (self.numbers[id], id))
        self.writer.add("sightings", SIGHTING, (self.numbers[id], last))

    def _history(
        self, id: str, kind: Kind, key: str, first: int, seq: int, own: dict[str, object], org: str, state: State
    ) -> int:
        """The changes of one entity; gives the log entry of the last."""
        dice = self.dice
        run = f"run-{seq // RUN_SEQ:03}"
        self._changed(id, seq, "born", kind, None, key, first, "scan", run)
        newest = seq
        if dice.random() < 0.12:
            newest, at = self._later(newest, first)
            self._changed(id, newest, "org_id", kind, None, org, at, "declared", "")
        title = own.get("http_title")
        if title is not None and dice.random() < 0.15:
            newest, at = self._later(newest, first)
            self._changed(
                id, newest, "http.title", kind, "网站建设中", title, at, "scan", f"run-{newest // RUN_SEQ:03}"
            )
        if state is not State.ACTIVE:
            newest, at = self._later(newest, first)
            self._changed(
                id, newest, "state", kind, "active", str(state), at, "coverage", f"run-{newest // RUN_SEQ:03}"
            )
        return newest

    def _later(self, seq: int, first: int) -> tuple[int, int]:
        run = min(RUNS - 1, seq // RUN_SEQ + 1 + int(self.dice.random() * (RUNS - seq // RUN_SEQ)))
        found = max(seq + 1, run * RUN_SEQ + self.dice.randrange(RUN_SEQ))
        return found, max(first, NOW - (RUNS - found // RUN_SEQ) * 7 * DAY_MS)

    def _changed(
        self, id: str, seq: int, name: str, kind: Kind, old: object, new: object, at: int, why: str, run: str
    ) -> None:
        row = {
            "entity": id, "seq": seq, "field": name, "kind": str(kind), "site": SITE,
            "old": None if old is None else pack(old), "new": None if new is None else pack(new), "at": at,
            "reason": why, "run": run, "who": "" if run else "登记员",
        }  # fmt: skip
        self.writer.add("changes", CHANGE, tuple(row.get(each) for each in CHANGE))

    def relate(self, source: str, type_: RelationType, target: str, reason: str) -> None:
        """Draw a relation."""
        each = Relation(SITE, source, type_, target, reason, NOW, NOW, 1)
        row = {
            "id": each.id, "site": SITE, "source": source, "type": str(type_), "target": target, "reason": reason,
            "first_seen": int(NOW), "seq": 1,
        }  # fmt: skip
        self.writer.add("relation_rows", RELATION, tuple(row.get(name) for name in RELATION))
        self._seen(each.id, int(NOW))

    # the kinds

    def declared(self) -> None:
        """Networks, systems, data: what people write down."""
        dice, orgs = self.dice, self.province.orgs
        net = pattern(Kind.NETWORK, {"name": "n", "network.cidr": "c", "network.zone": "z"}, "declare")
        for each in range(self.province.number("network")):
            cidr = f"10.{each >> 8 & 255}.{each & 255}.0/24"
            unit = dice.choice(orgs)
            self.put(net, Kind.NETWORK, cidr, "declare", "", org=unit.id, system="", name=f"{unit.name}网段",
                     network_cidr=cidr, network_zone=dice.choice(ZONES))  # fmt: skip
        facts = {"name": "n", "system.code": "c", "system.level": 2, "system.level_s": 2, "system.level_a": 2,
                 "system.filing_no": "f", "system.filed_on": 1, "system.filing_valid_until": 1,
                 "system.assessed_on": 1, "owner": "o", "owner.phone": "1", "tags": ("t",)}  # fmt: skip
        full, bare = (pattern(Kind.SYSTEM, dict(list(facts.items())[:n]), "declare") for n in (len(facts), 3))
        for each in range(self.province.number("system")):
            unit = dice.choice(orgs)
            level = dice.choices((1, 2, 3, 4), (10, 55, 33, 2))[0]
            filed = NOW - dice.randrange(1500) * DAY_MS
            own = {"name": f"{unit.name}{dice.choice(THINGS)}{dice.choice(ENDS)}", "system_code": f"SYS-{each:05}",
                   "system_level": level}  # fmt: skip
            if each % 5:
                own |= {
                    "system_level_s": level,
                    "system_level_a": min(level, 3),
                    "owner": f"李{each % 97}",
                    "system_filing_no": f"44{each:011}-{each:05}",
                    "system_filed_on": filed,
                    "system_filing_valid_until": filed + 1095 * DAY_MS,
                    "owner_phone": f"138{each:08}",
                    "system_assessed_on": filed + 90 * DAY_MS,
                    "tags": pack([dice.choice(("测试", "正式", "关基"))]),
                }
            self.province.systems.append(
                self.put(full if each % 5 else bare, Kind.SYSTEM, f"SYS-{each:05}", "declare", "", org=unit.id,
                         system="", **own))  # fmt: skip
        kept = pattern(Kind.DATA, {"name": "n", "data.level": "l", "data.volume": "v"}, "declare")
        for each in range(self.province.number("data")):
            system = dice.choice(self.province.systems)
            id = self.put(kept, Kind.DATA, f"DATA-{each:06}", "declare", "", org=dice.choice(orgs).id, system=system,
                          name=f"{dice.choice(THINGS)}数据", data_level=dice.choices(("一般", "重要", "核心"),
                          (85, 14, 1))[0], data_volume=f"{dice.randrange(900)} GB")  # fmt: skip
            self.relate(system, RelationType.STORES, id, "declared")

    def found(self) -> None:
        """Addresses with their ports, websites, machines: what scans find."""
        dice, province = self.dice, self.province
        ip = pattern(Kind.IP, {"address": "0.0.0.0", "network.zone": "z"}, "port")
        named = pattern(Kind.IP, {"address": "0.0.0.0", "network.zone": "z", "host.names": ("h",)}, "port")
        boxes = [
            pattern(kind, {"name": "n", "host.addresses": ("a",), "host.mac": ("m",), **more}, "passive")
            for kind, more in (
                (Kind.HOST, {"host.os": "Linux", "ssh.host_key": ("k",)}),
                (Kind.DEVICE, {"device.type": "switch", "device.vendor": "Huawei", "device.model": "S5735"}),
            )
        ]
        web = {(tls, v): pattern(Kind.WEBSITE, web_facts(*v, tls=tls, port=443, service=False), "http")
               for tls in (True, False) for v in WEB}  # fmt: skip
        service = _service_patterns()
        ips, wanted = province.number("ip"), province.assets * A_SERVICES
        left = {each: province.number(each) for each in ("website", "host", "device")}
        ports = [each[:2] for each in PORTS]
        weights = [each[2] for each in PORTS]
        for n in range(ips):
            text = f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
            packed = address.pack(text)
            unit = province.orgs[(n * 7) // 256 % len(province.orgs)]
            org = unit.id if n % 10 else ""
            system = province.systems[(n * 3) // 64 % len(province.systems)] if n % 3 else ""
            zone = ZONES[n // 4096 % len(ZONES)]
            more = {"host_names": pack([f"h{n}.gov.example"])} if n % 4 == 0 else {}
            id = self.put(named if more else ip, Kind.IP, text, "port", text, org=org, system=system, address=packed,
                          network_zone=zone, **more)  # fmt: skip
            count = wanted * (n + 1) // ips - wanted * n // ips if wanted < ips else 0
            if wanted >= ips:
                count = self._count(n, ips, wanted)
            chosen = dict.fromkeys(dice.choices(ports, weights, k=count)) if count else {}
            spare = 10_000
            while len(chosen) < count:
                chosen["http", spare] = None
                spare += 1
            for name, port in chosen:
                self._service(service, name, port, text, packed, id, org, system, zone)
                if name in {"http", "https"} and left["website"] > 0 and dice.random() < 0.09:
                    left["website"] -= 1
                    self._website(web, name == "https", port, text, packed, id, org, system, unit)
            for box, kind in zip(boxes, ("host", "device"), strict=True):
                if (
                    left[kind] * (ips - n)
                    and dice.random() * (ips - n) < left[kind]
                    and (kind == "host") == (n % 4 != 3)
                ):
                    left[kind] -= 1
                    self._box(box, kind, n, text, id, org, system)
        for kind in ("host", "device", "website"):
            for n in range(left[kind]):
                self._rest(kind, n, boxes, web)

    def _count(self, n: int, ips: int, wanted: int) -> int:
        """Few ports on most, many on some; together what is wanted."""
        shape = (1, 2, 2, 3, 4, 4, 5, 6, 9, 12)
        total = sum(shape)
        share = wanted / ips * 10 / total
        upto = int((n // 10 * total + sum(shape[: n % 10 + 1])) * share)
        return upto - int((n // 10 * total + sum(shape[: n % 10])) * share)

    def _service(
        self, service: dict[str, list[Pattern]], name: str, port: int, text: str, packed: bytes, parent: str,
        org: str, system: str, zone: str,
    ) -> None:  # fmt: skip
        dice = self.dice
        transport = "udp" if port in {53, 161} else "tcp"
        chosen = dice.choice(service[name])
        own: dict[str, object] = {"address": packed, "port": port, "network_zone": zone}
        base = {"http": "http", "https": "http"}.get(name, "greeting")
        if base == "http":
            own |= self._page(text, chosen)
        elif name == "ssh":
            own["ssh_host_key"] = f'["SHA256:{dice.getrandbits(160):040x}"]'
        where = f"{text}:{port}/{transport}"
        self.put(
            chosen, Kind.SERVICE, where, base, where, org=org, system=system, parent=parent, touched=(parent,), **own
        )

    def _page(self, host: str, chosen: Pattern) -> dict[str, object]:
        dice = self.dice
        own: dict[str, object] = {
            "http_title": dice.choice(self.titles if dice.random() < 0.7 else BARE),
            "http_body_sha256": f"{dice.getrandbits(256):064x}",
            "http_status_code": dice.choice((200, 200, 200, 302, 403, 404)),
            "http_favicon_hash": dice.randrange(-(2**31), 2**31) if dice.random() < 0.3 else 777912581,
        }  # fmt: skip
        if "tls_names" in chosen.places:
            begun = NOW - dice.randrange(500) * DAY_MS
            own |= {
                "tls_subject": f"CN={host}", "tls_issuer": dice.choice(ISSUERS), "tls_names": f'["{host}"]',
                "tls_not_before": begun, "tls_not_after": begun + 397 * DAY_MS,
                "tls_fingerprint": f"{dice.getrandbits(256):064x}", "tls_self_signed": int(dice.random() < 0.2),
            }  # fmt: skip
        return own

    def _website(
        self, web: dict[tuple[bool, tuple[str, str]], Pattern], tls: bool, port: int, text: str, packed: bytes,
        parent: str, org: str, system: str, unit: Organisation,
    ) -> None:  # fmt: skip
        host = f"w{self.dice.getrandbits(30)}.{unit.id.lower()}.gov.example"
        chosen = web[tls, self.dice.choice(WEB)]
        own = self._page(host, chosen) | {"port": port, "http_icp": f'["粤ICP备{self.dice.randrange(10**8):08}号"]'}
        key = f"{'https' if tls else 'http'}://{host}:{port}"
        id = self.put(chosen, Kind.WEBSITE, key, "http", f"{host}@{text}:{port}/tcp", org=org, system=system,
                      parent=parent, touched=(parent,), address=packed, **own)  # fmt: skip
        self.relate(id, RelationType.RUNS_ON, parent, "http")

    def _box(self, box: Pattern, kind: str, n: int, text: str, parent: str, org: str, system: str) -> None:
        mac = ":".join(f"{each:02x}" for each in (0x00, 0x1B, 0x21, n >> 16 & 255, n >> 8 & 255, n & 255))
        own: dict[str, object] = {"host_addresses": f'["{text}"]', "host_addresses_key": places((text,)),
                                  "host_mac": f'["{mac}"]', "name": f"{kind}-{n:07}"}  # fmt: skip
        if kind == "host":
            own["host_os"] = self.dice.choice(
                ("CentOS Linux 7", "Windows Server 2012 R2", "麒麟 V10", "统信 UOS 20", "Ubuntu 22.04")
            )
            own["ssh_host_key"] = f'["SHA256:{self.dice.getrandbits(160):040x}"]'
        else:
            own |= dict(zip(("device_type", "device_vendor", "device_model"), self.dice.choice(
                (("switch", "Huawei", "S5735"), ("firewall", "天融信", "NGFW4000"), ("camera", "海康威视", "DS-2CD"),
                 ("printer", "HP", "M405"), ("router", "H3C", "MSR3600"))), strict=True))  # fmt: skip
        id = self.put(box, Kind(kind), f"{kind}:{mac}", "passive", text, org=org, system=system, **own)
        self.relate(parent, RelationType.BELONGS_TO, id, "mac")

    def _rest(self, kind: str, n: int, boxes: list[Pattern], web: dict[tuple[bool, tuple[str, str]], Pattern]) -> None:
        """Those that found no address of their own."""
        n += 1 << 22
        text = f"172.{16 + (n >> 16 & 15)}.{n >> 8 & 255}.{n & 255}"
        unit = self.dice.choice(self.province.orgs)
        parent = derive("ip", SITE, text, 1)
        if kind == "website":
            self._website(web, n % 2 == 0, 443, text, address.pack(text), parent, unit.id, "", unit)
        else:
            self._box(boxes[kind == "device"], kind, n, text, parent, unit.id, "")


def _service_patterns() -> dict[str, list[Pattern]]:
    found: dict[str, list[Pattern]] = {}
    quiet = {"tls.*": "not-offered"}
    for name in ("http", "https"):
        found[name] = [
            pattern(Kind.SERVICE, web_facts(*each, tls=name == "https", port=443, service=True), "http",
                    unknown={} if name == "https" else quiet) for each in WEB
        ]  # fmt: skip
    for name, port, _ in PORTS:
        if name in PLAIN:
            found[name] = [
                pattern(Kind.SERVICE, plain_facts(name, port, *each), "greeting", unknown=quiet) for each in PLAIN[name]
            ]
    return found


def digest() -> str:
    """What the data depend on: this file, the schema."""
    return hashlib.sha256(Path(__file__).read_bytes() + HEAD.encode()).hexdigest()[:12]


def fill(database: Database, assets: int, *, seed: int = 6) -> None:
    """Write the province into an empty database that has the schema."""
    province = Province(assets, random.Random(seed), units())
    path = database.path
    assert path is not None
    with database.write() as connection:
        organisations.put(connection, province.orgs)
        upto = RUNS * RUN_SEQ
        connection.execute(sequence.delete())
        connection.execute(sequence.insert().values(name="log", value=upto))
        connection.execute(cursors.delete())
        connection.execute(cursors.insert().values(name="merge", seq=upto))
    database.close()
    raw = sqlite3.connect(path, isolation_level=None)
    for each in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1500000", "temp_store=MEMORY"):
        raw.execute(f"PRAGMA {each}")
    filled = ("asset_rows", "service_rows", "looks", "changes", "relation_rows")
    indices = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN"
                          f" {filled}").fetchall()  # fmt: skip
    raw.execute("BEGIN")
    for name, _ in indices:
        raw.execute(f'DROP INDEX "{name}"')
    writer = Writer(raw)
    filler = Filler(writer, province)
    filler.declared()
    filler.found()
    writer.flush()
    for _, text in indices:
        raw.execute(text)
    raw.execute("COMMIT")
    raw.execute("PRAGMA journal_mode=WAL")
    raw.close()
    with database.write() as connection:
        texts.build(connection)
    database.close()


def made(assets: int = 1_000_000) -> Path:
    """The database of so many assets under build/, written if it is not there yet. Copy it before you change it."""
    path = ROOT / "build" / f"inventory-{assets}-{digest()}.db"
    if path.exists():
        return path
    path.parent.mkdir(exist_ok=True)
    for old in path.parent.glob(f"inventory-{assets}-*"):
        old.unlink()
    part = path.with_suffix(f".{os.getpid()}.part")
    database = Database.file(part)
    upgrade(database)
    fill(database, assets)
    database.close()
    for each in ("-wal", "-shm"):
        Path(f"{part}{each}").unlink(missing_ok=True)
    part.rename(path)
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("assets", type=int, nargs="?", default=1_000_000)
    begun = time.perf_counter()
    found = made(parser.parse_args().assets)
    print(f"{found} {found.stat().st_size / 1e6:,.0f} MB, {time.perf_counter() - begun:.1f} s")
