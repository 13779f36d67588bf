"""Results of other tools brought in as observations. Sends nothing; rows outside every trusted scope are flagged."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from itertools import groupby, islice
from pathlib import Path

from secops.core.clock import Instant, render
from secops.core.errors import InvalidFile, SecopsError, UsageError
from secops.core.events import Event, Note, Progress, Row, Started, Summary
from secops.core.ids import derive
from secops.core.language import say
from secops.core.model import Observation, Skipped
from secops.hall.app import App
from secops.hall.flows.discover_record import write_files
from secops.hall.flows.identity_rules import moment
from secops.hall.flows.merge import merge
from secops.hall.plugins import IMPORTERS, load
from secops.intake import packed
from secops.intake.interface import HEAD, Importer, Ledger
from secops.scope import signature
from secops.scope.intervals import IntervalSet
from secops.store import changes, observations, runs

KIND = "import"
_BATCH = 2_000
_SKIPPED_TOLD = 20
_REASONS_MOST = 100
_NEVER = Instant(1 << 62), Instant(0)
_LOOKED_AT = 200
"""So many looks of a file tell when it begins."""


@dataclass(slots=True)
class _File:
    """One file, how it is read, and what became of it."""

    path: Path
    format: str
    importer: Importer
    sha256: str
    ledger: Ledger = field(default_factory=Ledger)
    rows: int = 0
    new: int = 0
    outside: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    """Reason -> where it was met first."""
    begins: Instant = _NEVER[1]
    """When the first of what it tells was seen."""
    span: tuple[Instant, Instant] = _NEVER
    """When the first and the last of what was read of it was seen."""

    @property
    def day(self) -> str:
        """The day on which what it tells begins."""
        return _day(self.begins)

    @property
    def run(self) -> str:
        """Named after the content."""
        return f"import-{derive('imp', self.sha256)[4:]}"

    def skip(self, each: Skipped) -> None:
        """Count a record that could not be read."""
        reason = each.reason
        if reason not in self.skipped and len(self.skipped) >= _REASONS_MOST:
            reason = say("其它", "other")
        self.skipped[reason] = self.skipped.get(reason, 0) + 1
        self.places.setdefault(reason, each.where)

    def told(self) -> dict[str, object]:
        """The file's ledger, as a record."""
        return {
            "run": self.run,
            "file": str(self.path),
            "format": self.format,
            "sha256": self.sha256,
            "read": self.ledger.read,
            "rows": self.rows,
            "observations": self.new,
            "outside_scope": self.outside,
            "seen": [render(each) for each in self.span] if self.rows else [],
            "skipped": [
                {"reason": reason, "count": count, "first": self.places[reason]}
                for reason, count in self.skipped.items()
            ],
            "passed_by": [{"reason": reason, "count": count} for reason, count in self.ledger.passed.items()],
        }


def bring_in(app: App, files: tuple[Path, ...], kind: str = "", *, operator: str = "") -> Iterator[Event]:
    """Read the files, write their observations, merge. A file is a run of its own: the same file changes nothing twice.

    Files are taken in in the order of the days they tell of, whatever they are called, and each day is merged before
    the next. The one Summary, last, sums up all files under the last one's run; each file's ledger is a Row.
    """
    held = [_file(path, kind) for path in files]
    with app.workspace.lock("discover"):
        begun = app.clock.monotonic()
        in_scope = trusted(app)
        warnings: list[str] = []
        for each in held:
            each.begins = _begins(app, each)
        held.sort(key=lambda each: each.begins)
        told = [{"file": str(each.path), "sha256": each.sha256} for each in held]
        app.audit.append("discover.import", {"files": told, "site": app.site, "operator": operator})
        merged: Counter[str] = Counter()
        for _, day in groupby(held, key=lambda each: each.day):
            for each in day:
                yield Started(each.run, KIND)
                known = _known_upto(app)
                _begin(app, each, operator)
                yield from _read(app, each, in_scope, warnings)
                yield from _late(each, known, warnings)
                yield Row("import", each.told())
            for event in merge(app):
                if isinstance(event, Summary):
                    merged.update({name: int(count) for name, count in event.counts.items()})
        summary = _summary(held, dict(merged), warnings, app.clock.monotonic() - begun)
        with app.database.write() as connection:
            for each in held:
                state = "incomplete" if each.skipped else "done"
                runs.end(connection, each.run, app.clock.now(), state, asdict(summary) | each.told())
        for each in held:
            write_files(app, each.run, "summary.json", asdict(summary) | each.told())
        yield summary


def _begins(app: App, file: _File) -> Instant:
    """When the first of what the file tells was seen: by its first looks, else by the time of the file."""
    latest, unknown = _bounds(app, file)
    with file.path.open("rb") as raw:
        rows = file.importer.read(packed.opened(raw)[0], app.site, app.observer, file.run, Ledger())
        first = [timed(each, latest, unknown).seen_at for each in islice(rows, _LOOKED_AT) if type(each) is Observation]
    return min(first, default=unknown)


def _bounds(app: App, file: _File) -> tuple[Instant, Instant]:
    """The latest time a look can have, and that of one that tells none."""
    latest = app.clock.now()
    return latest, Instant(min(int(latest), max(0, int(file.path.stat().st_mtime * 1000))))


def _known_upto(app: App) -> Instant:
    """As of when the newest of what is known of this site was seen or settled."""
    with app.database.read() as connection:
        return max(moment(connection, app.site, 0), changes.newest_found(connection, app.site))


def _late(file: _File, known: Instant, warnings: list[str]) -> Iterator[Event]:
    """Say it plainly where a file tells of days, or of hours, before what is taken in already."""
    day, upto = _day(file.span[1]), _day(known)
    if file.new and day == upto and file.span[1] < known:
        at = render(known)[:19].replace("T", " ")
        yield Note(
            say(
                f"{file.path}: 同日更晚的扫描先并入了，主机的新增与变化记在 {at}，"
                "diff 任务 任务 不含；用 diff 日期 看全天",
                f"{file.path}: a later scan of that day was taken in first: what became of hosts is dated {at}, which "
                "diff RUN RUN leaves out; diff DAY tells all of it",
            )
        )
    if file.new and day < upto:
        warnings.append(
            say(
                f"{file.path}: 只讲到 {day}，晚于它的（{upto}）先并入了：补记首次发现时间，"
                f"但 {day} 当日的台账不再重做，--at、diff 和历史仍按并入的先后",
                f"{file.path}: tells of {day} and before, later things ({upto}) were taken in first: when things "
                f"were first seen is mended, the inventory of {day} is not made anew (--at, diff, history keep the "
                "order in which things came)",
            )
        )
        yield Note(warnings[-1], warning=True)


def _day(at: Instant) -> str:
    return render(at)[:10]


def _begin(app: App, file: _File, operator: str) -> None:
    """The run's row, once."""
    now = app.clock.now()
    plan = {"files": [str(file.path)], "sha256": [file.sha256], "formats": [file.format], "operator": operator}
    with app.database.write() as connection:
        if runs.get(connection, file.run) is None:
            mark = derive("imp", file.sha256)
            begun = runs.Run(file.run, KIND, app.site, runs.RUNNING, plan, mark, now, now, None, os.getpid(), {}, {})
            runs.begin(connection, begun)


def _summary(held: list[_File], merged: dict[str, int | float], warnings: list[str], seconds: float) -> Summary:
    left: dict[str, int] = {}
    for each in held:
        for reason, count in each.skipped.items():
            left[reason] = left.get(reason, 0) + count
    counts: dict[str, int | float] = {
        "read": sum(each.ledger.read for each in held),
        "rows": sum(each.rows for each in held),
        "observations": sum(each.new for each in held),
        "created": merged.get("new", 0),
        "updated": merged.get("changed", 0),
        "skipped": sum(left.values()),
        "passed_by": sum(sum(each.ledger.passed.values()) for each in held),
        "outside_scope": sum(each.outside for each in held),
    }
    return Summary(
        run=held[-1].run if held else "",
        kind=KIND,
        complete=not left,
        counts=counts | {name: merged[name] for name in merged.keys() - {"new", "changed"}},
        left_out=left,
        warnings=tuple(warnings),
        duration_ms=round(seconds * 1000),
        state="incomplete" if left else "done",
    )


def _read(app: App, file: _File, in_scope: IntervalSet, warnings: list[str]) -> Iterator[Event]:
    """One file into the log, batch by batch."""
    latest, unknown = _bounds(app, file)
    begun = app.clock.monotonic()
    with file.path.open("rb") as raw:
        stream, unpacker = packed.opened(raw)
        for seen, skipped in batches(file.importer.read(stream, app.site, app.observer, file.run, file.ledger)):
            kept = [flagged(timed(each, latest, unknown), in_scope) for each in seen]
            file.outside += sum(not each.in_scope for each in kept)
            for each in kept:
                file.span = min(file.span[0], each.seen_at), max(file.span[1], each.seen_at)
            with app.database.write() as connection:
                file.new += observations.append(connection, kept)
            file.rows += len(kept)
            yield from _left(file, skipped, warnings)
            rate = file.ledger.read / max(app.clock.monotonic() - begun, 1e-9)
            yield Progress(say("导入", "import"), file.ledger.read, 0, say("条", "records"), rate, file.rows)
        if unpacker is not None and unpacker.fault:
            yield from _left(file, [Skipped(file.format, unpacker.fault)], warnings)


def _left(file: _File, skipped: list[Skipped], warnings: list[str]) -> Iterator[Event]:
    for each in skipped:
        file.skip(each)
        if len(warnings) < _SKIPPED_TOLD:
            warnings.append(f"{file.path}: {each.where}: {each.reason}")
            yield Note(warnings[-1], warning=True)


def timed(seen: Observation, latest: Instant, unknown: Instant) -> Observation:
    """With a time that can be: none later than now (it would outshine every look to come), none left unknown."""
    if 0 < seen.seen_at <= latest:
        return seen
    return replace(seen, seen_at=latest if seen.seen_at else unknown)


def flagged(seen: Observation, in_scope: IntervalSet) -> Observation:
    """Flagged where it lies outside every trusted scope."""
    return seen if seen.target.address in in_scope else replace(seen, in_scope=False)


def batches(rows: Iterator[Observation | Skipped]) -> Iterator[tuple[list[Observation], list[Skipped]]]:
    """Rows and what was left out, so many at a time."""
    seen: list[Observation] = []
    skipped: list[Skipped] = []
    for each in rows:
        if isinstance(each, Skipped):
            skipped.append(each)
        else:
            seen.append(each)
        if len(seen) + len(skipped) >= _BATCH:
            yield seen, skipped
            seen, skipped = [], []
    if seen or skipped:
        yield seen, skipped


def _file(path: Path, kind: str) -> _File:
    """The file and the importer named, or the first that recognises it. Raises UsageError, InvalidFile."""
    if kind and kind not in IMPORTERS:
        raise UsageError("E1416", say(f"不认识的格式：{kind}", f"unknown format: {kind}"), hint=", ".join(IMPORTERS))
    try:
        with path.open("rb") as stream:
            head = packed.opened(stream)[0].read(HEAD)
        content = digest(path)
    except OSError as error:
        raise InvalidFile(
            "E1417", say("文件读不了", "the file cannot be read"), where=str(path), why=error.strerror or str(error)
        ) from error
    packing = packed.other(head)
    for name, place in IMPORTERS.items():
        importer: Importer = load(place)
        if name == kind or (not kind and not packing and importer.sniff(head)):
            return _File(path, name, importer, content)
    raise InvalidFile(
        "E1418",
        say("认不出这个文件的格式", "no importer recognises this file"),
        where=str(path),
        why=say(f"{packing} 压缩的文件，先解开", f"packed with {packing}: unpack it first") if packing else "",
        hint="--type " + "|".join(IMPORTERS),
    )


def digest(path: Path) -> str:
    """SHA-256 hex of the file. Raises OSError."""
    held = sha256()
    with path.open("rb") as stream:
        while part := stream.read(1 << 20):
            held.update(part)
    return held.hexdigest()


def trusted(app: App) -> IntervalSet:
    """Addresses of every scope that is trusted now."""
    found = IntervalSet()
    for path in sorted(app.workspace.scopes.glob("*.yaml")):
        try:
            scope = signature.admit(path, trust=app.workspace.trust, epoch=app.epoch, clock=app.clock)
        except SecopsError:
            continue  # an untrusted scope makes nothing trusted; `scope verify` tells why
        found = found.union(scope.targets)
    return found
