"""Reports: built once in one read view, written in any format, whole or not at all, with a manifest beside them."""

import getpass
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from secops import __version__
from secops.assets.register import ORGANISATION
from secops.core.clock import CHINA, Clock, Instant, render
from secops.core.errors import UsageError
from secops.core.events import Progress
from secops.core.language import say
from secops.core.model import ASSET_KINDS, Kind
from secops.deliver.reports import manifest
from secops.deliver.reports.model import Cells, Report, Rows, chart, counted, joined
from secops.deliver.reports.spool import Spool
from secops.hall.app import App
from secops.hall.flows import report_source, report_template
from secops.hall.flows.amend import everything
from secops.hall.flows.inventory import instant
from secops.hall.flows.report_context import Context, Wanted, placed
from secops.hall.flows.report_kinds import FORMATS, KINDS, ReportKind
from secops.hall.flows.report_shown import shown
from secops.hall.flows.report_sight import Sight, sight
from secops.hall.flows.report_writing import Writing
from secops.hall.flows.statement import in_force
from secops.hall.plugins import REPORT_FORMATS, load
from secops.scope import keys
from secops.scope.account import account, user
from secops.store import organisations
from secops.store.grading import high_water

__all__ = ["FORMATS", "KINDS", "Made", "Signing", "Wanted", "make", "split"]

Writer = Callable[[Report, Path], None]
_OF_PERIODS = frozenset({"changes"})
_STEP = 2_000
"""Rows after which it is told how far a report is."""
_OF_EVERYTHING = frozenset({"assets", "undeclared", "duties", "crypto", "xinchuang", "ipv6"})
"""Kinds that read many assets: the columnar mirror is asked, where there is one."""
_SITES = 100
"""Sites that a manifest names."""
_OF_NOBODY = frozenset({"assets", "targets"})
"""Kinds that list what nobody answers for, which `split` puts in a file of its own."""


@dataclass(frozen=True, slots=True)
class Signing:
    """The key that signs a manifest, and the file that holds its passphrase."""

    key: str
    passphrase_file: Path


@dataclass(frozen=True, slots=True)
class Made:
    """What was written."""

    path: Path
    format: str
    sheets: int
    rows: int
    digest: str
    """Of the list, whatever the format."""
    sha256: str = ""
    """Of the file."""
    notes: tuple[str, ...] = ()
    """What whoever asked must be told: another writer, rows that paper leaves out."""


def make(
    app: App, what: str, format: str, wanted: Wanted, out: Path | None = None, *, signing: Signing | None = None,
    live: Callable[[Progress], None] | None = None,
) -> Made:  # fmt: skip
    """Write a report of this kind to `out` (default: the workspace's reports), and its manifest beside it.

    `live` is told how far it is.

    Raises UsageError for an unknown kind, format, query or role, Forbidden where the role may not, StoreError where
    the file cannot be written.
    """
    kind, writer = _chosen(app, what, format)
    wanted = replace(wanted, who=wanted.who or getpass.getuser())
    seen = _sight(app, wanted)
    at = _moment(app, kind, wanted)
    key = _key(app, signing)
    path = out or app.workspace.reports / f"{_stem(app, what, wanted)}.{format}"
    with Writing(path), Spool(path.parent) as spool:
        with report_source.opened(app, at, whole=what in _OF_EVERYTHING) as (connection, view):
            wanted = _resolved(app, connection, wanted, at)
            ctx = Context(app, connection, wanted, sight=seen, spool=spool, at=at, view=view)
            ctx.parsed((*ASSET_KINDS, Kind.SERVICE))
            report = _whole(ctx, kind, spool, live)
            position = high_water(connection)
        digest = report.facts[-1][1]
        report, notes = shown(report, format)
        notes = (*ctx.notes, *notes)
        if live is not None:
            report = _told_as_written(report, live, app.clock)
        part = path.with_name(path.name + ".part")
        try:
            writer(report, part)
            with part.open("rb+") as handle:
                os.fsync(handle.fileno())
            sha256 = manifest.digest(part)
            if ctx.masks and seen.whole:
                app.audit.append("report.clear", _told(wanted, what, path, sha256=sha256, rows=report.size, sight=seen))
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        made = Made(path, format, sum(1 for each in report.sheets if each.size), report.size, digest, sha256, notes)
        _described(app, made, report, ctx, kind=kind, position=position)
        if key is not None:
            id = manifest.sign(path, key[1], key[0], render(app.clock.now()))
            app.audit.append("report.signed", {"who": wanted.who, "file": path.name, "sha256": sha256, "key_id": id})
    return made


def understood(app: App, query: str) -> None:
    """Raises UsageError for a query that no kind of asset understands."""
    with Spool(app.workspace.reports) as spool, report_source.opened(app, None, whole=False) as (connection, _):
        wanted = Wanted(query=query)
        Context(app, connection, wanted, sight=_sight(app, wanted), spool=spool).parsed((*ASSET_KINDS, Kind.SERVICE))


def split(
    app: App, what: str, format: str, wanted: Wanted, out: Path | None = None, *, signing: Signing | None = None,
    by: str = "org", live: Callable[[Progress], None] | None = None,
) -> Iterator[Made]:  # fmt: skip
    """A file for each unit that has anything, in a folder (default: the workspace's reports), and one for nobody's.

    `by`: `org`, or `list` for a file of each list that has rows.
    """
    _chosen(app, what, format)
    folder = out or app.workspace.reports / _stem(app, what, wanted)
    parts = _lists(app, what, wanted) if by == "list" else _units(app, what, wanted)
    for name, part in parts:
        path = folder / f"{_safe(name)}.{format}"
        made = make(app, what, format, part, path, signing=signing, live=live)
        if made.rows:
            yield made
        else:
            for left in (path, manifest.beside(path), Path(f"{manifest.beside(path)}.sig")):
                left.unlink(missing_ok=True)


def _lists(app: App, what: str, wanted: Wanted) -> list[tuple[str, Wanted]]:
    """What the report's lists are called, each with what is wanted of it alone."""
    at = _moment(app, KINDS[what], wanted)
    seen = _sight(app, wanted)
    with Spool(app.workspace.reports) as spool, report_source.opened(app, at, whole=False) as (connection, _):
        ctx = Context(app, connection, _resolved(app, connection, wanted, at), sight=seen, spool=spool, at=at)
        report: Report = load(KINDS[what].place)(ctx)
        return [(each.name, replace(wanted, list=each.name)) for each in report.sheets]


def _units(app: App, what: str, wanted: Wanted) -> list[tuple[str, Wanted]]:
    with app.database.read() as connection:
        units = list(organisations.every(connection, app.site))
    names = Counter(each.name for each in units)
    parts = [
        (each.name if names[each.name] == 1 else f"{each.name}-{each.id}", replace(wanted, org=each.id))
        for each in units
    ]
    if what in _OF_NOBODY:
        orphans = f"({wanted.query}) -org_id:*" if wanted.query else "-org_id:*"
        parts.append((say("无责任单位", "nobody"), replace(wanted, query=orphans)))
    return parts


def verify(path: Path, trust: Path | None = None, key: Path | None = None) -> manifest.Verified:
    """Check a report against its manifest and signature. Raises InvalidFile, Refused, UsageError.

    `key`: the public key that must have signed it; else those of the folder `trust` are believed; with neither the
    digest alone is checked.
    """
    if key is not None:
        return manifest.verify(path, (keys.public_key(key),), signed=True)
    return manifest.verify(path, None if trust is None else keys.trusted(trust))


def _chosen(app: App, what: str, format: str) -> tuple[ReportKind, Writer]:
    if format not in REPORT_FORMATS:
        raise UsageError(
            "E6301",
            say(f"不认识的报表格式 {format}", f"unknown report format {format}"),
            hint=", ".join(FORMATS),
        )
    if what not in KINDS:
        raise UsageError("E6316", say(f"没有报表 {what[:40]}", f"no report {what[:40]}"), hint=", ".join(KINDS))
    writer: Writer = load(REPORT_FORMATS[format])
    if format == "docx":
        writer = partial(writer, template=report_template.own(app.workspace, what))  # type: ignore[call-arg]  # docx alone takes one
    return KINDS[what], writer


def _sight(app: App, wanted: Wanted) -> Sight:
    """What the account that runs this may see, whatever name it signs with."""
    owner = app.workspace.root.stat().st_uid == os.getuid()
    return sight(app.config, user(), wanted.role, sensitive=wanted.sensitive, owner=owner)


def _moment(app: App, kind: ReportKind, wanted: Wanted) -> Instant | None:
    if not wanted.at:
        return None
    if kind.name in _OF_PERIODS:
        raise UsageError(
            "E6317",
            say(f"{kind.name} 不能按过去的日期编制", f"{kind.name} is not made of a past day"),
            where="--at",
            hint="--from, --to",
        )
    return instant(app, wanted.at)


def _resolved(app: App, connection: Any, wanted: Wanted, at: Instant | None) -> Wanted:
    """The unit asked for by its code, as registers find it: by name or short name too. Raises UsageError."""
    if not wanted.org:
        return wanted
    units = [each.id for each in organisations.every(connection, app.site) if wanted.org in {each.id, each.name}]
    try:
        key = units[0] if len(units) == 1 else everything(in_force(app, at=at)).key(ORGANISATION, wanted.org)
    except ValueError as error:
        raise UsageError("E6318", str(error), hint="secops inventory organisations") from error
    return replace(wanted, org=key)


def _whole(ctx: Context, kind: ReportKind, spool: Spool, live: Callable[[Progress], None] | None) -> Report:
    report: Report = load(kind.place)(ctx)
    if ctx.wanted.list:
        mine = [each for each in report.sheets if each.name == ctx.wanted.list]
        title = report.title + say("：", ": ") + ctx.wanted.list
        report = replace(report, title=title, sheets=mine, charts=(), pictures=())
    charted = bool(report.charts)
    if ctx.wanted.pictures and not (report.pictures or ctx.wanted.list):
        from secops.hall.flows.report_topology import drawings

        report = replace(report, pictures=drawings(ctx)[0])
    if live is None:
        report = counted(report, spool.kept)
    else:
        meter = _Meter(say("读取", "read"), 0, live, ctx.app.clock)
        report = counted(report, lambda rows: spool.kept(meter.passing(rows)))
    report = placed(report)
    several = {each.name: each.size for each in report.sheets if each.size}
    if len(several) > 1 and not charted:
        report = replace(report, charts=(*report.charts[:1], chart(say("各清单数量", "rows of each list"), several),
                                         *report.charts[1:]))  # fmt: skip
    return report


class _Meter:
    """Tells how many rows went by."""

    def __init__(self, stage: str, total: int, live: Callable[[Progress], None], clock: Clock) -> None:
        self._stage, self._total, self._live, self._clock = stage, total, live, clock
        self._begun = clock.monotonic()
        self._done = 0

    def passing(self, rows: Iterator[Cells]) -> Iterator[Cells]:
        self._tell()
        for row in rows:
            yield row
            self._done += 1
            if not self._done % _STEP:
                self._tell()

    def _tell(self) -> None:
        rate = self._done / max(self._clock.monotonic() - self._begun, 1e-6)
        self._live(Progress(self._stage, self._done, self._total, say("行", "rows"), rate))


def _told_as_written(report: Report, live: Callable[[Progress], None], clock: Clock) -> Report:
    """The report that tells how many of its rows were taken."""
    meter = _Meter(say("写出", "write"), report.size, live, clock)

    def told(rows: Rows) -> Rows:
        return lambda: meter.passing(rows())

    return replace(report, sheets=[replace(each, rows=told(each.rows)) for each in report.sheets])


def _key(app: App, signing: Signing | None) -> tuple[str, Any] | None:
    """The signer's name and the opened key: asked before anything is written. Raises UsageError."""
    if signing is None:
        return None
    named = Path(signing.key)
    file = named if named.suffix == ".key" else app.workspace.keys / f"{signing.key}.key"
    return file.stem, keys.private_key(file, keys.passphrase(signing.passphrase_file))


def _described(app: App, made: Made, report: Report, ctx: Context, *, kind: ReportKind, position: int) -> None:
    """Write the manifest."""
    wanted, sight = ctx.wanted, ctx.sight
    asked = {
        name: value for name, value in asdict(wanted).items() if value and name not in {"who", "role", "sensitive"}
    }
    columns, spots = joined(report)
    asked = {name: list(value) if isinstance(value, tuple) else value for name, value in asked.items()}
    manifest.write(
        made.path,
        {
            "file": made.path.name, "format": made.format, "sha256": made.sha256, "bytes": made.path.stat().st_size,
            "report": kind.name, "title": report.title, "filter": wanted.query, "options": asked, "site": app.site,
            "sites": report.sites[:_SITES] or [app.site],
            "data_at": render(report.data_at), "made_at": render(app.clock.now()), "who": wanted.who,
            "account": account(), "role": sight.role, "sensitive": "clear" if sight.whole else "masked",
            "rows": made.rows,
            "sheets": [
                {"name": each.name, "rows": each.size, "columns": [columns[place].key for place in here]}
                for each, here in zip(report.sheets, spots, strict=True)
            ],
            "list_digest": made.digest, "program": f"secops {__version__}", "log_position": position,
            "notes": list(made.notes), **({"graded_at": render(ctx.graded_at)} if ctx.graded_at else {}),
        },
    )  # fmt: skip


def _told(wanted: Wanted, what: str, path: Path, *, sha256: str, rows: int, sight: Sight) -> Mapping[str, object]:
    return {
        "who": wanted.who, "role": sight.role, "report": what, "filter": wanted.query[:500], "org": wanted.org,
        "register": wanted.type, "file": path.name, "sha256": sha256, "rows": rows,
    }  # fmt: skip


def _stem(app: App, what: str, wanted: Wanted) -> str:
    parts: Sequence[str] = [what, wanted.type, wanted.org, wanted.at.replace(":", "")]
    day = render(app.clock.now(), zone=CHINA)[:10].replace("-", "")
    return "-".join([*(_safe(each) for each in parts if each), day])


def _safe(name: str) -> str:
    """A name as every file system takes it."""
    kept = "".join(c if c.isalnum() or c in "-_.（）()" else "_" for c in name).strip(". ")
    return kept.encode("utf-8", "ignore")[:180].decode("utf-8", "ignore") or "_"
