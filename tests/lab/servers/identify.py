"""What nmap and what the command say of the lab's real servers, and where the two differ."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tests.lab.network import Lab
from tests.witness import environment

ROOT = Path(__file__).resolve().parents[3]
Endpoint = tuple[str, int]
AT_ONCE = 6
"""Hosts that nmap looks at at the same time; one nmap a host, so that each is asked politely."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody says a port is; empty texts where it does not know."""

    name: str = ""
    product: str = ""
    version: str = ""
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One endpoint where the two do not say the same."""

    server: str
    endpoint: Endpoint
    field: str
    nmap: Answer
    ours: Answer

    def line(self) -> str:
        """What people read."""
        at = f"{self.endpoint[0]}:{self.endpoint[1]}"
        return f"{self.server} {at} {self.field}: nmap {_said(self.nmap)}, ours {_said(self.ours)}"


def _said(answer: Answer) -> str:
    told = " ".join(filter(None, (answer.product, answer.version)))
    return f"{'ssl/' if answer.tls else ''}{answer.name or '?'}{f' ({told})' if told else ''}"


def by_nmap(lab: Lab, endpoints: Iterable[Endpoint], *options: str) -> dict[Endpoint, Answer]:
    """`nmap -sV`, one program a host, from the scanner's namespace.

    A guess by port number alone is no answer, and `tcpwrapped` says that there was none.
    """
    hosts = [(host, [port for _, port in part]) for host, part in groupby(sorted(endpoints), lambda each: each[0])]

    def look(host: str, ports: list[int]) -> dict[Endpoint, Answer]:
        done = subprocess.run(
            [
                "ip", "netns", "exec", lab.scan, "nmap", "-sV", "-Pn", "-n", *options,
                "-p", ",".join(map(str, ports)), "-oX", "-", host,
            ],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=True,
        )  # fmt: skip
        return read_nmap(done.stdout)

    found: dict[Endpoint, Answer] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for told in pool.map(lambda each: look(*each), hosts):
            found |= told
    return found


def read_nmap(text: str) -> dict[Endpoint, Answer]:
    """The answers in nmap's XML."""
    found: dict[Endpoint, Answer] = {}
    for host in ET.fromstring(text).iter("host"):
        address = next(each.get("addr", "") for each in host.iter("address"))
        for port in host.iter("port"):
            service = port.find("service")
            if service is None or service.get("method") != "probed" or service.get("name") == "tcpwrapped":
                found[address, int(port.get("portid", "0"))] = Answer()
                continue
            found[address, int(port.get("portid", "0"))] = Answer(
                service.get("name", ""),
                service.get("product", ""),
                service.get("version", ""),
                service.get("tunnel") == "ssl",
            )
    return found


def secops(lab: Lab, folder: Path, *words: str, seconds: float = 600) -> str:
    """The command in the scanner's namespace, watched by the witness; its stdout. Raises with its complaint."""
    done = subprocess.run(
        ["ip", "netns", "exec", lab.scan, sys.executable, "-m", "secops", "-w", str(folder / "ws"), *words],
        env=os.environ | environment(folder), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=seconds, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"secops {' '.join(words)}: {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def workspace(
    lab: Lab, folder: Path, include: Iterable[str], ports: Iterable[str], change: Callable[[str], str]
) -> None:
    """A workspace with one signed scope named `lab`; `change` edits its text before it is signed."""
    (folder / "pass").write_text("a long enough passphrase\n")
    (folder / "pass").chmod(0o600)
    secret = ("--passphrase-file", str(folder / "pass"))
    secops(lab, folder, "init", str(folder / "ws"))
    secops(lab, folder, "scope", "keygen", "chief", *secret)
    file = folder / "ws" / "scopes" / "lab.yaml"
    wanted = [word for each in include for word in ("--include", each)]
    wanted += [word for each in ports for word in ("--ports", each)]
    secops(lab, folder, "scope", "new", str(file), "--title", "lab", "--basis", "test", "--issuer", "lab",
           "--document", "粤测〔2026〕1号", "--operator", "lab", *wanted)  # fmt: skip
    file.write_text(change(file.read_text("utf-8")), "utf-8")
    secops(lab, folder, "scope", "sign", "lab", "--key", "chief", *secret)


def by_us(lab: Lab, folder: Path) -> dict[Endpoint, Answer]:
    """`discover run` on the workspace's scope: what each open TCP port was told to be, by the same probes as nmap's.

    Where those have no answer, by the first of our own collectors that has one. The inventory may say it better still:
    its MariaDB is nmap's `MySQL 5.5.5-10.11.19-MariaDB`.
    """
    found: dict[Endpoint, Answer] = {}
    by_probes: set[Endpoint] = set()
    told = secops(lab, folder, "discover", "run", "lab", "--yes", "--operator", "lab", "-f", "jsonl")
    for line in told.splitlines():
        row = json.loads(line)
        if row.get("transport") != "tcp" or row.get("name"):
            continue
        at, facts = (str(row["address"]), int(row["port"])), row["facts"]
        probes = str(row["collector"]).startswith("service@")
        if not facts.get("service.name") or at in by_probes or (at in found and not probes):
            continue
        if probes:
            by_probes.add(at)
        found[at] = Answer(
            str(facts["service.name"]),
            str(facts.get("service.product", "")),
            str(facts.get("service.version", "")),
            bool(facts.get("tls.enabled")),
        )
    return found


def differences(
    servers: dict[Endpoint, str], nmap: dict[Endpoint, Answer], ours: dict[Endpoint, Answer]
) -> list[Difference]:
    """Where nmap gives an answer and ours is another; one line a field."""
    found = []
    for at, name in servers.items():
        theirs, mine = nmap.get(at, Answer()), ours.get(at, Answer())
        if not theirs.name:
            continue
        found += [
            Difference(name, at, field, theirs, mine)
            for field in ("name", "product", "version")
            if getattr(theirs, field) != getattr(mine, field)
        ]
    return found
