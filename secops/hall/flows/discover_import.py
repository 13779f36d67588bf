"""Results of other tools brought in as observations. Sends nothing; rows outside every trusted scope are flagged."""

import os
from collections.abc import Iterator
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

from secops.core.errors import InvalidFile, SecopsError, UsageError
from secops.core.events import Event, Note, Progress, Started, Summary
from secops.core.ids import derive
from secops.core.language import say
from secops.core.model import Observation, Skipped
from secops.hall.app import App
from secops.hall.flows.discover_record import write_files
from secops.hall.flows.merge import merge
from secops.hall.plugins import IMPORTERS, load
from secops.intake.interface import HEAD, Importer
from secops.scope import signature
from secops.scope.intervals import IntervalSet
from secops.store import observations, runs

KIND = "import"
_BATCH = 2_000
_SKIPPED_TOLD = 20


def bring_in(app: App, files: tuple[Path, ...], kind: str = "") -> Iterator[Event]:
    """Read the files, write their observations, merge. The same file gives the same run and nothing twice."""
    readers = [(path, _reader(path, kind)) for path in files]
    now = app.clock.now()
    content = [_digest(path) for path in files]
    run = f"import-{derive('imp', *content)[4:]}"
    with app.workspace.lock("discover"):
        yield Started(run, KIND)
        begun = app.clock.monotonic()
        plan = {"files": [str(path) for path in files], "sha256": content}
        with app.database.write() as connection:
            if runs.get(connection, run) is None:
                runs.begin(
                    connection,
                    runs.Run(run, KIND, app.site, runs.RUNNING, plan, derive("imp", *content), now, now, None,
                             os.getpid(), {}, {}),
                )  # fmt: skip
        trusted = _trusted(app)
        rows = new = outside = 0
        left: dict[str, int] = {}
        warnings: list[str] = []
        for path, reader in readers:
            with path.open("rb") as stream:
                for seen, skipped in _batches(reader.read(stream, app.site, app.observer, run)):
                    kept = [each if each.target.address in trusted else replace(each, in_scope=False) for each in seen]
                    outside += sum(not each.in_scope for each in kept)
                    with app.database.write() as connection:
                        new += observations.append(connection, kept)
                    rows += len(kept)
                    for each in skipped:
                        left[each.reason] = left.get(each.reason, 0) + 1
                        if len(warnings) < _SKIPPED_TOLD:
                            warnings.append(f"{path}: {each.where}: {each.reason}")
                            yield Note(warnings[-1], warning=True)
                    yield Progress(say("导入", "import"), rows, 0, say("行", "rows"))
        merged: dict[str, int | float] = {}
        for event in merge(app):
            if isinstance(event, Summary):
                merged = dict(event.counts)
        state = "incomplete" if left else "done"
        summary = Summary(
            run=run,
            kind=KIND,
            complete=not left,
            counts={"rows": rows, "observations": new, "outside_scope": outside} | merged,
            left_out=left,
            warnings=tuple(warnings),
            duration_ms=round((app.clock.monotonic() - begun) * 1000),
            state=state,
        )
        with app.database.write() as connection:
            runs.end(connection, run, app.clock.now(), state, asdict(summary))
        write_files(app, run, "summary.json", asdict(summary))
        yield summary


def _batches(rows: Iterator[Observation | Skipped]) -> Iterator[tuple[list[Observation], list[Skipped]]]:
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


def _reader(path: Path, kind: str) -> Importer:
    """The importer named, or the first that recognises the file. Raises UsageError, InvalidFile."""
    if kind and kind not in IMPORTERS:
        raise UsageError("E1416", say(f"不认识的格式：{kind}", f"unknown format: {kind}"), hint=", ".join(IMPORTERS))
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
    except OSError as error:
        raise InvalidFile(
            "E1417", say("文件读不了", "the file cannot be read"), where=str(path), why=error.strerror or str(error)
        ) from error
    for name, place in IMPORTERS.items():
        importer: Importer = load(place)
        if name == kind or (not kind and importer.sniff(head)):
            return importer
    raise InvalidFile(
        "E1418",
        say("认不出这个文件的格式", "no importer recognises this file"),
        where=str(path),
        hint="--type " + "|".join(IMPORTERS),
    )


def _digest(path: Path) -> str:
    held = sha256()
    with path.open("rb") as stream:
        while part := stream.read(1 << 20):
            held.update(part)
    return held.hexdigest()


def _trusted(app: App) -> IntervalSet:
    """Addresses of every scope that is trusted now."""
    found = IntervalSet()
    for path in sorted(app.workspace.scopes.glob("*.yaml")):
        try:
            scope = signature.admit(path, trust=app.workspace.trust, epoch=app.epoch, clock=app.clock)
        except SecopsError:
            continue  # an untrusted scope makes nothing trusted; `scope verify` tells why
        found = found.union(scope.targets)
    return found
