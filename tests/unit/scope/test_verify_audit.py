"""The script for auditors agrees with the program, and needs none of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from secops.scope.audit import Audit
from secops.scope.chain import verify

SCRIPT = Path(__file__).parents[2] / "verify_audit.py"


def run(path: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-I", str(SCRIPT), str(path)]
    return subprocess.run(words, check=False, capture_output=True, text=True, timeout=20)


def test_small_and_alone() -> None:
    """It is short and imports nothing of secops."""
    text = SCRIPT.read_text()
    assert len(text.splitlines()) <= 30
    assert "import secops" not in text
    assert "from secops" not in text


@pytest.mark.parametrize("harm", ["none", "edit", "cut", "swap", "junk"])
def test_agrees(audit: Audit, harm: str) -> None:
    """It says the same as `audit verify`, for whole and for broken logs."""
    for i in range(5):
        audit.append("event", {"i": i, "who": "张三\ud800"})
    lines = audit.path.read_bytes().splitlines(keepends=True)
    lines = {"none": lines, "edit": [lines[0].replace(b'"i":0', b'"i":1'), *lines[1:]], "cut": lines[:-1],
             "swap": [lines[1], lines[0], *lines[2:]], "junk": [*lines[:2], b"[]\n", *lines[2:]]}[harm]  # fmt: skip
    audit.path.write_bytes(b"".join(lines))
    whole = verify(audit.path, audit.head_path).fault is None
    assert whole is (harm == "none")
    assert (run(audit.path).returncode == 0) is whole
