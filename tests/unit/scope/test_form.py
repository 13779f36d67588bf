"""Fields read from a form, each wrong one with its place."""

import pytest

from secops.core.errors import InvalidFiles
from secops.scope import form as form_module
from secops.scope.form import Form
from secops.scope.yaml_source import Source


def form(text: str) -> Form:
    return Form(Source.load(text, "t"))


def test_kinds() -> None:
    """Texts, numbers, flags and lists of the wrong kind are noted, and a lone text serves as a list of one."""
    one = form("a: [1]\nb: yes\nc: 3\nd: x\ne: [true, ok]\n")
    assert one.text("a") == ""
    assert one.flag("b") is False
    assert one.number("c", least=0, most=2, default=1) == 1
    assert one.words("d") == [(0, "x")]
    assert one.words("e") == [(1, "ok")]
    assert one.text("z", required=False) == ""
    assert [each.where for each in one.problems] == ["t:1:4", "t:2:4", "t:3:4", "t:5:5"]
    with pytest.raises(InvalidFiles):
        one.finish()


def test_good() -> None:
    """A form without errors finishes in silence."""
    one = form("a: x\nb: true\n")
    assert (one.text("a"), one.flag("b"), one.get("a", "b"), one.known(("c",), "c")) == ("x", True, None, False)
    one.finish()


def test_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many errors a file holds, a bounded number is told, and lists have an end."""
    monkeypatch.setattr(form_module, "MOST_PROBLEMS", 5)
    one = form("a: [" + ", ".join(["true"] * 100) + "]\n")
    one.words("a")
    assert len(one.problems) == 5
    two = form("a: [1, 2, 3]\n")
    assert two.words("a", most=2) == []
    assert len(two.problems) == 1
