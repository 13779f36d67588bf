"""Reports by schedule: made once a due moment, missed ones once, old ones removed, files checked when added."""

from collections.abc import Iterator

import pytest

from secops.core.clock import Instant, ManualClock, parse
from secops.core.errors import InvalidFile, SecopsError, UsageError
from secops.core.events import Note, Row, Summary
from secops.hall import schedules, watches
from secops.hall.app import App
from secops.hall.config import load
from secops.hall.flows import report_schedule
from secops.hall.workspace import Workspace

MONDAY = parse("2026-11-30T07:00:00+08:00")


@pytest.fixture
def app(tmp_path) -> Iterator[App]:
    """An empty workspace on a Monday morning."""
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(MONDAY)), config=load(None, {"site": "s"})) as opened:
        yield opened


def once(app: App) -> list[str]:
    """The files that one look makes."""
    return [str(each.data["path"]) for each in report_schedule.run(app, who="甲", once=True) if isinstance(each, Row)]


def given(**words: object) -> dict[str, object]:
    return {"report": "assets", "format": "csv", "schedule": "0 8 * * *", "keep": 2} | words


def test_a_due_report_is_made_once_and_missed_ones_once(app):
    """Nothing before its time, one at its time, one after a week of silence, and the name tells the moment."""
    report_schedule.added(app, "daily", given())
    assert once(app) == []
    app.clock.advance(3_700)
    (first,) = once(app)
    assert first.endswith("reports/daily/daily-20261130-080000.csv")
    assert once(app) == []
    app.clock.advance(7 * 86_400)
    (second,) = once(app)
    assert second.endswith("daily-20261207-080000.csv")
    assert once(app) == []


def test_only_the_newest_are_kept(app):
    """Older ones go with their manifests; what lies beside and is none of them stays."""
    report_schedule.added(app, "daily", given())
    folder = app.workspace.reports / "daily"
    folder.mkdir(parents=True)
    (folder / "daily-notes.csv").write_text("mine")
    for _ in range(4):
        app.clock.advance(86_400)
        once(app)
    assert sorted(each.name for each in folder.iterdir()) == sorted([
        "daily-notes.csv",
        *(f"daily-202612{day:02}-080000.csv{end}" for day in (2, 3) for end in ("", ".manifest.json")),
    ])  # fmt: skip


def test_changes_are_those_since_the_moment_before(app):
    """A weekly report of changes begins where the one before ended."""
    from secops.deliver.reports import manifest

    report_schedule.added(app, "weekly", given(report="changes", schedule="0 8 * * 1"))
    app.clock.advance(3_700)
    once(app)
    app.clock.advance(7 * 86_400)
    (path,) = once(app)
    from pathlib import Path

    options = manifest.verify(Path(path), app.workspace.trust).manifest["options"]
    assert options["start"].startswith("2026-11-30T08:00:00")
    assert options["end"].startswith("2026-12-07T08:00:00")


def test_a_report_that_fails_is_told_and_tried_again(app):
    """A file for a unit that is not there is told once; the other reports are made; --once ends with the error."""
    report_schedule.added(app, "bad", given(org="没有"))
    report_schedule.added(app, "good", given())
    app.clock.advance(3_700)
    with pytest.raises(UsageError):
        once(app)
    assert (app.workspace.reports / "good").is_dir()
    assert watches.state(app.workspace, "bad", app.clock.now(), schedules.FOLDER).runs == 0
    looks = iter([False] * 8)
    events = list(report_schedule.run(app, who="甲", stop=lambda: next(looks, True)))
    assert [each.text for each in events if isinstance(each, Note) and each.warning]
    assert isinstance(events[-1], Summary)


def test_the_loop_wakes_when_something_is_due(app):
    """Left running it makes the report when its time comes, and ends when asked."""
    report_schedule.added(app, "daily", given())
    end = MONDAY + 3_660_000
    made = [
        each for each in report_schedule.run(app, who="甲", stop=lambda: app.clock.now() > end) if isinstance(each, Row)
    ]
    assert len(made) == 1


def test_a_report_at_once_leaves_its_moments_alone(app):
    """Asked for now it is made though not due, and the due one is made all the same."""
    report_schedule.added(app, "daily", given())
    assert len([each for each in report_schedule.run(app, who="甲", now="daily") if isinstance(each, Row)]) == 1
    app.clock.advance(3_700)
    assert len(once(app)) == 1
    with pytest.raises(UsageError):
        list(report_schedule.run(app, who="甲", now="none"))


def test_an_error_names_the_scheduled_report(app):
    """Of several that are due one sees which could not be made."""
    report_schedule.added(app, "周报", given(org="没有"))
    app.clock.advance(3_700)
    with pytest.raises(UsageError) as caught:
        once(app)
    assert "周报" in caught.value.what


def test_a_query_that_cannot_be_read_is_refused_when_it_is_added(app):
    """Not on the morning the report is due."""
    with pytest.raises(UsageError):
        report_schedule.added(app, "x", given(query="grade>=>3"))
    assert not (app.workspace.root / "schedules" / "x.yaml").exists()


def test_a_wrong_schedule_is_told_in_words_with_the_name_of_its_file(app):
    """The reason is the reader's language, and the place no name that is not there."""
    with pytest.raises(InvalidFile) as caught:
        report_schedule.added(app, "坏", given(schedule="99 8 * * *"))
    assert "分这一段" in caught.value.why
    assert ".part" not in caught.value.diagnose()


@pytest.mark.parametrize(
    "wrong",
    [{"schedule": "soon"}, {"report": "all"}, {"format": "doc"}, {"keep": -1}, {"colour": "red"}, {"sign": "局长"}],
)
def test_a_wrong_file_is_not_added(app, wrong):
    """What cannot be read is refused with its place, and nothing is left."""
    with pytest.raises(InvalidFile):
        report_schedule.added(app, "x", given(**wrong))
    assert not list((app.workspace.root / "schedules").iterdir())


def test_names_are_taken_once_and_can_be_removed(app):
    """A second of the same name, a name that is a path, and removing what is not there are errors."""
    report_schedule.added(app, "daily", given())
    assert [each["name"] for each in report_schedule.listed(app)] == ["daily"]
    for name in ("daily", "../x"):
        with pytest.raises(UsageError):
            report_schedule.added(app, name, given())
    schedules.remove(app.workspace, "daily")
    for action in (lambda: schedules.remove(app.workspace, "daily"), lambda: once(app)):
        with pytest.raises(SecopsError) as caught:
            action()
        assert caught.value.code == "E6323"
