"""People's YAML: bounded, placed, plain."""

import pytest

from secops.core.errors import InvalidFile
from secops.scope import yaml_source
from secops.scope.yaml_source import Source, nearest, resolve, unknown_key, visible


def test_places() -> None:
    """Every value and key answers with its line and column, counted from 1; a missing one with its parent's."""
    source = Source.load("a: 1\nb:\n  - x: 2\n    y: [3]\n", "t.yaml")
    assert source.value == {"a": 1, "b": [{"x": 2, "y": [3]}]}
    assert source.where("b", 0, "y", 0) == "t.yaml:4:9"
    assert source.where_key("b", 0, "y") == "t.yaml:4:5"
    assert source.where("b", 0, "z") == "t.yaml:3:5"
    assert source.where() == "t.yaml:1:1"


@pytest.mark.parametrize(
    ("text", "value"),
    [("no", "no"), ("08:00", "08:00"), ("2026-01-01", "2026-01-01"), ("0123", "0123"), ("0x1f", "0x1f"), ("1e3", "1e3"),
     ("-12", -12), ("1.5", 1.5), ("~", None), ("True", True), ("9" * 40, "9" * 40), (".inf", ".inf")],
)  # fmt: skip
def test_resolve(text: str, value: object) -> None:
    """Plain words mean what YAML 1.2's core schema says, and long digits stay text."""
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: [", "E1212", "t:2:1"), ("a: !!python/object:os.system x", "E1214", "t:1:4"), ("!x {}", "E1214", "t:1:1"),
        ("a: &x [1]\nb: *x", "E1213", "t:2:4"), ("a: 1\na: 2", "E1215", "t:2:1"), ("<<: {a: 1}", "E1214", "t:1:1"),
        ("", "E1212", "t:1:1"), ("a: 1\n---\nb: 2", "E1212", "t:2:1"), ("[" * 100, "E1213", "t:1:34"),
        (b"a: 1\nb: \xff", "E1212", "t:2:1"), ("a: \x01", "E1212", "t:1:1"), ("? [a]\n: b", "E1214", "t:1:3"),
    ],
)  # fmt: skip
def test_refused(text: str | bytes, code: str, place: str) -> None:
    """What is not plain bounded YAML is refused with its place."""
    with pytest.raises(InvalidFile) as caught:
        Source.load(text, "t")
    assert (caught.value.code, caught.value.where) == (code, place)


def test_alias_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    """What aliases expand to is counted, so nine lines cannot become a billion values."""
    monkeypatch.setattr(yaml_source, "MAX_NODES", 2000)
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(InvalidFile) as caught:
        Source.load("\n".join(lines), "t", aliases=1000)
    assert caught.value.code == "E1213"
    assert Source.load("a: &x [1]\nb: *x", "t", aliases=1).value == {"a": [1], "b": [1]}


def test_too_large(tmp_path) -> None:
    """A file beyond its bound is not parsed at all."""
    path = tmp_path / "big.yaml"
    path.write_text("a: " + "x" * 100)
    with pytest.raises(InvalidFile) as caught:
        Source.read(path, max_bytes=50)
    assert caught.value.code == "E1211"


def test_missing_file(tmp_path) -> None:
    """A file that is not there is told by its path."""
    with pytest.raises(InvalidFile) as caught:
        Source.read(tmp_path / "none.yaml")
    assert (caught.value.code, caught.value.where) == ("E1210", str(tmp_path / "none.yaml"))


def test_words() -> None:
    """Unknown keys name the nearest known one, and invisible characters are spelled out."""
    assert nearest("titel", ["title", "ports"]) == "title"
    assert nearest("zzz", ["title"]) == ""
    assert "title" in unknown_key("t:1:1", "titel", ["title"]).hint
    assert visible("a\x1b[2J\u202eb") == "a\\u001b[2J\\u202eb"
    assert len(visible("x" * 500)) == 80
