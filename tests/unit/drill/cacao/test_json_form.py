"""The export is CACAO, and reading it gives the same playbook."""

import json
import re
from pathlib import Path

import pytest

from secops.drill.cacao import json_form, yaml_form
from secops.drill.cacao.lint import lint
from secops.scope.yaml_source import Source

SHIPPED = Path(__file__).parents[4] / "playbooks" / "yuedun-opening.yaml"
STEP = re.compile(
    r"(start|end|action|if-condition)--[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)


@pytest.fixture
def book():
    return yaml_form.read(SHIPPED).playbook


def test_round_trip(book, actions):
    """YAML to CACAO and back loses nothing, and the linter finds no error in either."""
    text = json.dumps(json_form.write(book, actions), ensure_ascii=False)
    document = json_form.parse(Source.load(text, "book.json"))
    assert document.playbook == book
    traits = {name: each.traits for name, each in actions.items()}
    assert not [each for each in lint(document, traits) if each.weight == "error"]
    assert json.dumps(json_form.write(document.playbook, actions), ensure_ascii=False) == text


def test_ids(book, actions):
    """Step ids are version 4 shaped, unique whatever their prefix, and the same every time."""
    tree = json_form.write(book, actions)
    ids = [*tree["workflow"], *tree["agent_definitions"], *tree["target_definitions"], tree["id"]]
    assert all(STEP.fullmatch(each) for each in tree["workflow"])
    assert len({each.partition("--")[2] for each in ids}) == len(ids)
    assert list(tree["workflow"]) == list(json_form.write(book, actions)["workflow"])
    assert tree["workflow_start"] in tree["workflow"]


def test_extension_is_declared(book, actions):
    """Whatever we say beyond CACAO stands in a declared extension with lower-case property names."""
    tree = json_form.write(book, actions)
    for step in tree["workflow"].values():
        for extension, told in step["step_extensions"].items():
            assert extension in tree["extension_definitions"]
            assert all(re.fullmatch(r"[a-z0-9_]{3,250}", name) for name in told)
        assert step["type"] == "end" or {"on_completion", "on_success", "on_failure"} & set(step)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda tree, step: step.update(type="parallel"), "E7110"),
        (lambda tree, step: step.update(type="for-each"), "E7110"),
        (lambda tree, step: step.pop("commands"), "E7111"),
        (lambda tree, step: step["commands"].append({"type": "ssh", "command": "id"}), "E7111"),
        (lambda tree, step: (step.pop("step_extensions"), step["commands"][0].update(type="ssh")), "E7111"),
        (lambda tree, step: tree.update(spec_version="cacao-2.1"), "E7103"),
        (lambda tree, step: tree.update(workflow_start="start--00000000-0000-4000-8000-000000000000"), "E7113"),
    ],
)
def test_foreign_and_broken(book, actions, change, code):
    """A step or command we cannot carry out is an error with its place, never skipped as success."""
    tree = json.loads(json.dumps(json_form.write(book, actions)))
    change(tree, next(step for step in tree["workflow"].values() if step["type"] == "action"))
    document = json_form.parse(Source.load(json.dumps(tree), "book.json"))
    assert code in {each.code for each in document.problems}
