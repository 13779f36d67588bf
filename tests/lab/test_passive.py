"""Listening to a card: assets are found, and not one frame leaves."""

import getpass
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from secops.core.clock import SystemClock, render
from secops.hall.app import App
from secops.hall.flows import scope as scopes
from secops.hall.workspace import CONFIG, Workspace
from secops.scope.template import Draft
from tests.lab.namespace import run

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[2]
STEM = f"sp{os.getpid()}"
EAR, MOUTH = f"{STEM}e", f"{STEM}m"
SPEAK = """
import socket, struct, sys, time
card = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
card.bind(("vm", 0))
mac = bytes.fromhex("ffffffffffff001b21aabbcc")
arp = mac + bytes.fromhex("08060001080006040002001b21aabbcc") + bytes((198, 18, 0, 5)) + bytes(24)
tcp = struct.pack("!HHIIBBHHH", 443, 50000, 1, 1, 0x50, 0x12, 1000, 0, 0)
ip = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + bytes((198, 18, 0, 5, 198, 18, 0, 77))
out = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + bytes((203, 0, 113, 5, 198, 18, 0, 77))
while True:
    for frame in (arp, mac + b"\\x08\\x00" + ip + tcp, mac + b"\\x08\\x00" + out + tcp):
        card.send(frame)
    time.sleep(0.05)
"""


@pytest.fixture
def pair():
    """Two namespaces and a cable; the listening end has no address and says nothing of itself."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("the lab needs root and iproute2")
    for name in (EAR, MOUTH):
        run("ip", "netns", "add", name)
        run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
    run("ip", "-n", EAR, "link", "add", "ve", "type", "veth", "peer", "name", "vm", "netns", MOUTH)
    run("ip", "-n", EAR, "link", "set", "ve", "up")
    run("ip", "-n", MOUTH, "link", "set", "vm", "up")
    yield
    for name in (EAR, MOUTH):
        run("ip", "netns", "del", name)


def signed(folder: Path) -> None:
    """A workspace whose scope allows nothing but passive looking."""
    workspace = Workspace(folder)
    workspace.make()
    (folder / CONFIG).touch()
    secret = folder / "pass"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    today = SystemClock().now()
    draft = Draft(
        "甲", "default", "法", "号", "局", render(today)[:10], render(today + 10 * 86_400_000)[:10],
        ["198.18.0.0/24"], [getpass.getuser()], level=0,
    )  # fmt: skip
    with App(workspace) as app:
        path = workspace.scopes / "a.yaml"
        scopes.new(path, draft)
        scopes.keygen(app, "chief", secret)
        scopes.sign(app, path, "chief", secret)


def received() -> int:
    """Frames that arrived at the far end."""
    words = ["ip", "-n", MOUTH, "-j", "-s", "link", "show", "vm"]
    (card,) = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return int(card["stats64"]["rx"]["packets"])


def listen(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`secops discover passive` in the listening namespace."""
    command = [sys.executable, "-m", "secops", "-w", str(folder), "discover", "passive", "-i", "ve", *words]
    return subprocess.run(
        ["ip", "netns", "exec", EAR, *command], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )


def test_a_card_is_heard_and_nothing_leaves(pair, tmp_path):
    """Hosts that speak are found, those outside scope are not kept, and the far end receives no frame at all."""
    signed(tmp_path)
    before = received()
    speaker = subprocess.Popen(["ip", "netns", "exec", MOUTH, sys.executable, "-c", SPEAK])
    try:
        ended = listen(tmp_path, "--seconds", "2", "--scope", "a.yaml", "-f", "jsonl")
    finally:
        speaker.kill()
        speaker.wait()
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(ended.stdout.splitlines()[-1])
    assert summary["counts"]["frames"] > 10
    assert summary["counts"]["sent"] == 0
    assert received() == before == 0
    command = [sys.executable, "-m", "secops", "-w", str(tmp_path), "inventory", "list", "-f", "jsonl"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert "198.18.0.5" in told
    assert "00:1b:21:aa:bb:cc" in told
    assert "203.0.113.5" not in told


def test_a_revoked_scope_ends_the_listening_within_a_second(pair, tmp_path):
    """Stopping everything ends a listening run at once, with its summary."""
    signed(tmp_path)
    command = [sys.executable, "-m", "secops", "-w", str(tmp_path)]
    listening = subprocess.Popen(
        ["ip", "netns", "exec", EAR, *command, "discover", "passive", "-i", "ve", "--seconds", "60",
         "--scope", "a.yaml", "-f", "jsonl"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        assert listening.stdout is not None
        assert '"meta"' in listening.stdout.readline()
        begun = time.monotonic()
        subprocess.run([*command, "stop", "--all"], check=True, capture_output=True, cwd=ROOT)
        stopped = time.monotonic()
        out, _ = listening.communicate(timeout=20)
    finally:
        listening.kill()
        listening.wait()
    assert json.loads(out.splitlines()[-1])["state"] == "stopped"
    assert time.monotonic() - stopped < 3
    assert stopped > begun


def test_a_card_needs_a_scope_and_must_be_there(pair, tmp_path):
    """No scope, no listening; a card that is not there is told by its name."""
    signed(tmp_path)
    assert listen(tmp_path, "--seconds", "1").returncode == 2
    ended = listen(tmp_path, "-i", "nosuch0", "--seconds", "1", "--scope", "a.yaml")
    assert ended.returncode == 2
    assert "nosuch0" in ended.stderr
