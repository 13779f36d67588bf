"""Which probe file a run uses, and that the plan holds it to that file."""

from dataclasses import replace

import pytest

from secops.core.errors import InvalidFile, Refused
from secops.discover.plan import Plan
from secops.discover.probes import file
from secops.hall.app import App
from secops.hall.flows.discover_probes import book, cache, digest, kit, shown
from secops.hall.workspace import Workspace

TEXT = rb"""Probe TCP NULL q||
match x m|^x|
Probe TCP Own q|own\n|
ports 31000
rarity 8
Probe TCP Any q|any|
rarity 1
"""


@pytest.fixture
def app(tmp_path, monkeypatch):
    path = tmp_path / "probes"
    path.write_bytes(TEXT)
    monkeypatch.setenv("SECOPS_DISCOVER_PROBES", str(path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    workspace = Workspace(tmp_path / "w")
    workspace.make()
    with App(workspace) as opened:
        yield opened


def plan(app, level=2, ports=(31_000, 80)):
    return Plan(
        "s", "d", "t", "default", "connect", ("127.0.0.1/32",), (), ports, (), 100, 10, level, (), probes=digest(app)
    )  # fmt: skip


def test_the_plan_holds_the_run_to_its_file(app, tmp_path):
    """A run uses the file its plan was made with, and is refused when the file is another."""
    made = plan(app)
    warnings = []
    opened = kit(app, made, warnings)
    assert (opened.book.digest, opened.only_first) == (made.probes, False)
    opened.matcher.close()
    assert kit(app, replace(made, level=1), []).only_first
    with pytest.raises(Refused, match="E3408"):
        kit(app, replace(made, probes="0" * 64), [])
    (tmp_path / "probes").write_bytes(TEXT + b"# changed\n")
    with pytest.raises(Refused, match="E3408"):
        kit(app, made, [])
    assert replace(made, probes="").hash != made.hash


def test_the_plan_shows_the_bytes(app):
    """At level ACTIVE every probe it may send is shown; at GENTLE only the ports' own ones."""
    assert shown(plan(app), app) == (r"service@1 Own: own\n", "service@1 Any: any")
    assert shown(plan(app, 1), app) == (r"service@1 Own: own\n",)
    assert shown(plan(app, 1, ports=(80,)), app) == ()
    assert shown(replace(plan(app), probes="other"), app) == ()


def test_without_nmap_it_says_so(app, tmp_path, monkeypatch):
    """Where no nmap is installed our own probes serve and the run is told; switched off, nothing is said."""
    monkeypatch.setattr(file, "PLACES", (str(tmp_path / "none"),))
    monkeypatch.setenv("SECOPS_DISCOVER_PROBES", "auto")
    with App(app.workspace) as plain:
        warnings = []
        assert (kit(plain, plan(plain), warnings), digest(plain)) == (None, "")
        assert "nmap" in warnings[0]
    monkeypatch.setenv("SECOPS_DISCOVER_PROBES", "off")
    with App(app.workspace) as off:
        warnings = []
        assert kit(off, plan(off), warnings) is None
        assert warnings == []
    monkeypatch.setenv("SECOPS_DISCOVER_PROBES", str(tmp_path / "gone"))
    with App(app.workspace) as wrong, pytest.raises(InvalidFile, match="E1420"):
        book(wrong)


def test_cache_is_the_users(app, tmp_path):
    """Compiled databases lie in the user's cache."""
    assert cache() == tmp_path / "cache" / "secops" / "probes"
