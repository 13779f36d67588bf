import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CODE = """
import contextlib, io, json, os, sys
sys.path.insert(0, {tests!r})
os.environ["SECOPS_LANG"] = {language!r}
os.environ["COLUMNS"] = "100"
import reference
told = {{}}
for words, command in reference.commands():
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        command.main(args=["--help"], prog_name="secops " + words, standalone_mode=False)
    told[words] = out.getvalue()
print(json.dumps(told))
"""


HEADINGS = {"Options:", "Arguments:", "Commands:", "选项：", "参数：", "命令："}


@pytest.mark.parametrize(("language", "mark"), [("zh", "例："), ("en", "Example:")])
def test_every_help_is_short_and_shows_two_examples_first(language: str, mark: str) -> None:
    """Each command's help has at most 25 lines before its list of verbs, and two examples stand before its options."""
    import json

    code = CODE.format(tests=str(ROOT / "tests" / "docs"), language=language)
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    told = json.loads(run.stdout)
    assert len(told) > 40
    for words, text in told.items():
        lines = text.splitlines()
        shown = [number for number, line in enumerate(lines) if mark in line]
        rest = [number for number, line in enumerate(lines) if line in HEADINGS]
        verbs = "Commands:" if language == "en" else "命令："
        listed = lines.index(verbs) if verbs in lines else len(lines)
        assert listed <= 25, words
        assert len(shown) >= 2, words
        assert shown[1] < rest[0], words
