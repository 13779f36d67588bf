"""A new collector, made in a copy of the tree and held to the contract suite."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FILLED = """    if not data.startswith(b"ACME "):
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    facts["service.version"] = clean(decoded(data[5:]), 40)
    return Reading(LABEL, Status.SUCCESS, facts)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the tree, tests that matter included."""
    root = tmp_path / "tree"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "secops", root / "secops", ignore=ignore)
    for each in ("contract/test_collectors.py", "unit/discover/conftest.py"):
        (root / "tests" / each).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / each, root / "tests" / each)
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(root), "SECOPS_LANG": "en", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=root, env=env, capture_output=True, text=True, check=False, timeout=60
    )


def test_new_collector_passes_the_contract_once_filled_in(copy: Path) -> None:
    """One file, its line in dispatch, its test: unfilled it fails its own test, filled in it passes the contract."""
    made = run(copy, "secops", "dev", "new", "collector", "acme", "--port", "4321", "--ask", "HELLO\\r\\n")
    assert made.returncode == 0, made.stderr
    assert made.stdout.split() == [
        "secops/discover/collectors/acme.py",
        "tests/unit/discover/test_acme.py",
        "secops/discover/collectors/dispatch.py",
        "secops/assets/draft.py",
    ]
    own = ("pytest", "-q", "-x", "-p", "no:xdist", "tests/unit/discover/test_acme.py")
    assert run(copy, *own).returncode == 1
    path = copy / "secops/discover/collectors/acme.py"
    lines = path.read_text().splitlines(keepends=True)
    begin = next(n for n, line in enumerate(lines) if line.startswith("    # Where `data`"))
    end = next(n for n, line in enumerate(lines) if "raise NotImplementedError" in line)
    path.write_text("".join(lines[:begin]) + FILLED + "".join(lines[end + 1 :]))
    test = copy / "tests/unit/discover/test_acme.py"
    test.write_text(test.read_text().replace("acme 1.0", "ACME 1.0"))
    done = run(copy, *own, "tests/contract/test_collectors.py")
    assert done.returncode == 0, done.stdout[-2_000:]
    told = run(copy, "secops", "discover", "plan", "--help")
    assert told.returncode == 0, told.stderr
    asked = (
        "from secops.discover.collectors import dispatch; from secops.assets.draft import PROTOCOLS;"
        "print(dispatch.by_port(4321), 'acme' in PROTOCOLS, dispatch.COLLECTORS[-2].sends)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", asked], cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert shown.stdout.strip() == "acme True ('HELLO',)"


def test_nothing_is_changed_where_anything_is_wrong(copy: Path) -> None:
    """A bad name, a name in use and a bad port are refused, and the tree stays as it was."""
    before = {path: path.read_bytes() for path in copy.rglob("*.py")}
    for words in (["Acme"], ["class"], ["redis"], ["../x"], ["acme", "--port", "70000"]):
        refused = run(copy, "secops", "dev", "new", "collector", *words)
        assert refused.returncode == 2
        assert "E1441" in refused.stderr
    assert {path: path.read_bytes() for path in copy.rglob("*.py")} == before


def test_elsewhere_it_says_what_is_wanted(copy: Path) -> None:
    """An installed program has no source tree, and says so."""
    shutil.rmtree(copy / "tests")
    refused = run(copy, "secops", "dev", "new", "collector", "acme")
    assert refused.returncode == 2
    assert "E1440" in refused.stderr
    assert not (copy / "secops/discover/collectors/acme.py").exists()
