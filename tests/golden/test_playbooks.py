"""Every wrong playbook in `playbooks/` is told off at the very place, and the right one is not."""

import re
from pathlib import Path

import pytest

from secops.core.errors import InvalidFile
from secops.drill.cacao import yaml_form
from secops.drill.cacao.lint import lint
from secops.drill.cacao.problem import Problem, Weight
from secops.hall.flows.drill_world import described
from secops.scope.yaml_source import Source

pytestmark = pytest.mark.golden

FOLDER = Path(__file__).parent / "playbooks"
FILES = sorted(FOLDER.glob("*.yaml"))


def found(path):
    traits = {name: each.traits for name, each in described().items()}
    try:
        problems = lint(yaml_form.parse(Source.read(path)), traits)
    except InvalidFile as error:
        problems = (Problem.of(error),)
    return problems


@pytest.mark.parametrize("path", FILES, ids=lambda each: each.stem)
def test_defect(path):
    """The codes and places are those of the file's first line, each with a sentence that names no internals."""
    expected = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expect:")
    wrong = [each for each in found(path) if each.weight is Weight.ERROR]
    told = sorted({f"{each.code} {':'.join(each.where.rsplit(':', 2)[1:])}" for each in wrong})
    assert told == sorted(each.strip() for each in expected.split("|") if each.strip())
    assert all(re.search("[\u4e00-\u9fff]", each.what) and "Traceback" not in each.what for each in wrong)


def test_enough_defects():
    """There are at least twenty, and only the clean one expects nothing."""
    silent = [each.stem for each in FILES if each.read_text(encoding="utf-8").startswith("# expect:\n")]
    assert silent == ["clean"]
    assert len(FILES) > 20


@pytest.mark.parametrize(
    ("stem", "near"),
    [("unknown-key", "on_completion"), ("dangling-exception", "告警"), ("unknown-action", "scan"),
     ("output-unknown", "open_services"), ("unknown-argument", "url"), ("unknown-agent", "平台"),
     ("step-type-typo", "if-condition")],
)  # fmt: skip
def test_nearest_word(stem, near):
    """A typing error is answered with the nearest word that is known."""
    assert any(near in each.hint for each in found(FOLDER / f"{stem}.yaml"))


def test_no_secret_is_repeated():
    """A finding about a secret does not print it again."""
    for stem in ("literal-password", "secret-in-url"):
        assert not any("hunter22" in each.what + each.hint for each in found(FOLDER / f"{stem}.yaml"))
