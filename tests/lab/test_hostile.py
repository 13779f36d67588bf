"""The whole command against servers that try to lead it out of scope: redirects and a name that changes its mind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.network import Lab
from tests.witness import environment, strays_of

pytestmark = pytest.mark.lab

SCOPE, RESOLVER, PORT = "198.19.0.0/28", "198.19.8.53", 8080


@pytest.fixture(scope="module")
def site(lab: Lab) -> Lab:
    """The hostile web site on every host, and its name server."""
    lab.start(lab.target, sys.executable, str(Path(__file__).with_name("hostile.py")), str(PORT), RESOLVER)
    lab.wait([PORT])
    return lab


def secops(lab: Lab, folder: Path, *words: str, code: int = 0) -> str:
    """The command in the scanner's namespace, watched by the witness; its stdout."""
    done = subprocess.run(
        ["ip", "netns", "exec", lab.scan, sys.executable, "-m", "secops", "-w", str(folder / "ws"), *words],
        env=os.environ | environment(folder, [f"{RESOLVER}:53"]),
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout


@pytest.mark.parametrize("engine", ["syn", "connect"])
def test_nothing_leads_it_out_of_scope(site: Lab, tmp_path: Path, engine: str) -> None:
    """Redirects by address and by a rebinding name are recorded, not followed; the router and the hook see no stray."""
    site.leased([SCOPE], [str(PORT)], resolver=RESOLVER, echo=engine == "syn")
    (tmp_path / "pass").write_text("a long enough passphrase\n")
    (tmp_path / "pass").chmod(0o600)
    secops(site, tmp_path, "init", str(tmp_path / "ws"))
    secops(site, tmp_path, "scope", "keygen", "chief", "--passphrase-file", str(tmp_path / "pass"))
    file = tmp_path / "ws" / "scopes" / "lab.yaml"
    secops(site, tmp_path, "scope", "new", str(file), "--title", "lab", "--basis", "test", "--issuer", "lab",
           "--document", "粤测〔2026〕1号", "--include", SCOPE, "--include", "rebind.lab", "--ports", str(PORT),
           "--operator", "lab")  # fmt: skip
    file.write_text(file.read_text().replace("resolvers: []", f'resolvers: ["{RESOLVER}"]'))
    secops(site, tmp_path, "scope", "sign", "lab", "--key", "chief", "--passphrase-file", str(tmp_path / "pass"))
    told = secops(
        site, tmp_path, "discover", "run", "lab", "--yes", "--engine", engine, "--operator", "lab", "-f", "jsonl"
    )
    records = [json.loads(line) for line in told.splitlines()]
    fronts = {
        each["address"]: each["facts"] for each in records if each.get("collector") == "http@1" and not each["name"]
    }
    assert len(fronts) == 16
    assert fronts["198.19.0.1"]["http.redirect_out_of_scope"] is True
    assert fronts["198.19.0.1"]["http.location"] == "http://198.19.1.1:8080/stolen"
    assert fronts["198.19.0.2"]["http.location"] == "http://rebind.lab:8080/"
    assert fronts["198.19.0.3"]["http.redirect_out_of_scope"] is False
    assert not [each for each in records if str(each.get("address", "")).startswith("198.19.1.")]
    named = {each["address"] for each in records if each.get("name") == "rebind.lab"}
    assert named == ({"198.19.0.6"} if engine == "syn" else set()), (
        "the first run hears an address inside, the second outside"
    )
    assert records[-1]["type"] == "summary"
    assert records[-1]["complete"]
    assert strays_of(tmp_path) == []
    assert site.counted()["stray"] == 0
    assert site.counted()["syn"] >= 16
