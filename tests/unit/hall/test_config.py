from pathlib import Path

import pytest

from secops.core.errors import InvalidFile
from secops.hall.config import load


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))


def test_flags_beat_environment_beats_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting comes from the strongest place that names it, and says which."""
    path = tmp_path / "secops.toml"
    path.write_text('site = "gz"\n[discover]\nconcurrency = 9\n')
    monkeypatch.setenv("SECOPS_DISCOVER_CONCURRENCY", "10")
    config = load(path, {"lang": "en"})
    assert (config.text("site"), config.number("discover.concurrency"), config.text("lang")) == ("gz", 10, "en")
    assert [config.origins[n] for n in ("site", "discover.concurrency", "lang", "report.unit")] == [
        str(path),
        "SECOPS_DISCOVER_CONCURRENCY",
        "flag",
        "default",
    ]


def test_a_typo_is_an_error_that_names_the_nearest_key(tmp_path: Path) -> None:
    """An unknown setting is refused with its line and the name that was probably meant."""
    path = tmp_path / "secops.toml"
    path.write_text("\n[discover]\nconcurency = 9\n")
    with pytest.raises(InvalidFile) as caught:
        load(path)
    assert caught.value.where == f"{path}:3"
    assert "discover.concurrency" in caught.value.hint


@pytest.mark.parametrize("text", ["site = ", "[discover]\nconcurrency = 'many'", "[elasticsearch]\nassets = 'maybe'"])
def test_a_wrong_value_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    """Broken TOML and values of the wrong type are errors that name the file."""
    path = tmp_path / "secops.toml"
    path.write_text(text)
    with pytest.raises(InvalidFile) as caught:
        load(path)
    assert caught.value.where.startswith(str(path))


def test_nobody_says_for_themselves_what_they_may_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Roles come from the workspace or the machine; those of an environment or of one's own file are refused."""
    path = tmp_path / "secops.toml"
    path.write_text('[report]\nusers = ["a=officer"]\n')
    assert load(path).texts("report.users") == ("a=officer",)
    monkeypatch.setenv("SECOPS_REPORT_USERS", "b=officer")
    with pytest.raises(InvalidFile) as caught:
        load(path)
    assert (caught.value.code, caught.value.where) == ("E1204", "SECOPS_REPORT_USERS")
    monkeypatch.delenv("SECOPS_REPORT_USERS")
    own = tmp_path / "none" / "secops" / "secops.toml"
    own.parent.mkdir(parents=True)
    own.write_text('[report]\nrole = "officer"\n')
    with pytest.raises(InvalidFile):
        load(path)


def test_lists_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list in an environment variable is split at commas."""
    monkeypatch.setenv("SECOPS_ALERT_SINKS", "jsonl, elasticsearch")
    assert load(None).texts("alert.sinks") == ("jsonl", "elasticsearch")
