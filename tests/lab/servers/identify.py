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


def active(text: str) -> str:
    """The scope's text with leave for service probes, at a rate fit for the lab."""
    for old, new in (("level: 1", "level: 2"), ("second: 1000", "second: 4000"), ("per_host: 40", "per_host: 200")):
        text = text.replace(old, new)
    return text


def by_us(lab: Lab, folder: Path) -> dict[Endpoint, tuple[Answer, ...]]:
    """`discover run` on the workspace's scope: what its collectors told of each open TCP port, nmap's probes first."""
    found: dict[Endpoint, tuple[Answer, ...]] = {}
    told = secops(lab, folder, "discover", "run", "lab", "--yes", "--operator", "lab", "-f", "jsonl")
    for line in told.splitlines():
        row = json.loads(line)
        if row.get("transport") != "tcp" or row.get("name") or not row["facts"].get("service.name"):
            continue
        at, facts = (str(row["address"]), int(row["port"])), row["facts"]
        answer = Answer(
            str(facts["service.name"]),
            str(facts.get("service.product", "")),
            str(facts.get("service.version", "")),
            bool(facts.get("tls.enabled")),
        )
        first = str(row["collector"]).startswith("service@")
        found[at] = (answer, *found.get(at, ())) if first else (*found.get(at, ()), answer)
    return found


def differences(
    servers: dict[Endpoint, str], nmap: dict[Endpoint, Answer], ours: dict[Endpoint, tuple[Answer, ...]]
) -> list[Difference]:
    """Where nmap gives an answer and none of ours gives the same: the name, or the product with its version."""
    found = []
    for at, name in servers.items():
        theirs, mine = nmap.get(at, Answer()), ours.get(at) or (Answer(),)
        if not theirs.name:
            continue
        if all(each.name != theirs.name for each in mine):
            found.append(Difference(name, at, "name", theirs, mine[0]))
        elif all((each.product, each.version) != (theirs.product, theirs.version) for each in mine):
            found.append(Difference(name, at, "version", theirs, mine[0]))
    return found


_SCRIPTS = {
    ("gunicorn", "name"): "no probe knows it: http-server-header puts the product to the port table's http-alt",
    ("mosquitto", "name"): "mqtt-subscribe writes the version into the name",
}
"""(server, field) -> why nmap's answer is not one of its probes: a script of `-sV` has written over it."""


def explained(difference: Difference) -> str:
    """Why nmap's own scripts, not its probes, say otherwise; empty where they do not."""
    return _SCRIPTS.get((difference.server, difference.field), "")
