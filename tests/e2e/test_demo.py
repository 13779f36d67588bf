import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _secops(*words: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "secops", *words],
        cwd=folder, env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT), **more},
        capture_output=True, text=True, check=False, timeout=150, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_demo_goes_all_the_way_and_touches_nothing_else(tmp_path: Path) -> None:
    """It exits 0 with a summary for a newcomer, its files are there, and what must be left alone was."""
    run = _secops("demo", "demo", folder=tmp_path)
    assert run.returncode == 0, run.stderr
    for words in ("演示完成", "资产：", "问题：", "演练：具备开赛条件", "打印机端口: 0", "接下来可以试试"):
        assert words in run.stdout
    root = tmp_path / "demo"
    for pattern in ("reports/assets-*.xlsx", "reports/findings-*.xlsx", "reports/findings-*.html", "alerts.jsonl"):
        assert list(root.glob(pattern)), pattern
    with sqlite3.connect(root / "secops.db") as connection:
        services = connection.execute("SELECT count(*) FROM services").fetchone()[0]
        opened = connection.execute("SELECT count(*) FROM transitions").fetchone()[0]
        printers = connection.execute("SELECT count(*) FROM services WHERE port = 9100").fetchone()[0]
    alerts = [json.loads(line) for line in (root / "alerts.jsonl").read_text(encoding="utf-8").splitlines()]
    assert services >= 70
    assert printers == 0
    assert len(alerts) == opened > 40
    commands = [line.split(" -w demo ")[1].split() for line in run.stdout.splitlines() if " -w demo " in line]
    assert len(commands) == 3
    for words in commands:
        again = _secops("-w", "demo", *words, folder=tmp_path)
        assert again.returncode == 0, again.stderr
        assert again.stdout.strip(), words


def test_the_demo_speaks_english_and_can_be_repeated(tmp_path: Path) -> None:
    """A second demo in the same folder begins anew; --lang en tells the story in English."""
    for _ in range(2):
        run = _secops("--lang", "en", "demo", "again", folder=tmp_path)
        assert run.returncode == 0, run.stderr
    assert "the demo is done" in run.stdout
    assert not any("一" <= c <= "鿿" for c in run.stdout.split("Findings:")[0])
