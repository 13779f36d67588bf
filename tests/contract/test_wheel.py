import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

TRY = """
import sys, secops
assert secops.__file__.startswith(sys.argv[1]), secops.__file__
from secops.cli.main import main
for words in (["init", "work"], ["-w", "work", "rules", "test"], ["drill", "lint", "yuedun-opening"]):
    if code := main(words):
        sys.exit(code)
"""

pytestmark = pytest.mark.contract


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built without a network."""
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return next(out.glob("*.whl"))


def test_the_wheel_carries_rules_playbooks_and_inventory(wheel: Path) -> None:
    """What ships lies inside the package, tests do not, and the licence is there."""
    names = zipfile.ZipFile(wheel).namelist()
    for part in ("rules/", "playbooks/", "inventory/"):
        assert any(name.startswith(f"secops/_shipped/{part}") and name.endswith(".yaml") for name in names), part
    assert not any(name.startswith("tests/") for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "secops/store/migrations/script.py.mako" in names


def test_the_installed_wheel_works_by_itself(wheel: Path, tmp_path: Path) -> None:
    """Unpacked in an empty place, away from the source, it lists its rules and makes a workspace."""
    place = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(place)
    run = subprocess.run(
        [sys.executable, "-c", TRY, str(place)],
        cwd=tmp_path, env={"PYTHONPATH": str(place), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
