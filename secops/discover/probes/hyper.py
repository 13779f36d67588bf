"""Hyperscan as a prefilter: one pass over the text leaves one to three candidates of thousands.

Compiling takes seconds for the largest probes, so it is done once, in a process of its own beside the run, and kept
serialised by SHA-256 of the probe file and hyperscan's version; until then the plain filter serves: same answers.
"""

import contextlib
import json
import multiprocessing
import os
import zlib
from pathlib import Path
from typing import Any

from secops.discover.probes.book import Book, Match, Probe
from secops.discover.probes.extras import hyperscan

FEW = 60
"""A probe with fewer matches needs no database."""
_FILE_MOST = 64 << 20
_PROCESS_NICE = 10


class Hyper:
    """The databases of one book. `folder` must be writable by nobody else; without one nothing is kept."""

    def __init__(self, book: Book, folder: Path | None) -> None:
        self._book = book
        self._folder = folder
        self._made: dict[int, _Filter] = {}
        self._builder: multiprocessing.process.BaseProcess | None = None

    def candidates(self, probe: Probe, data: bytes) -> list[int] | None:
        """Numbers of the matches that may match, in file order; None while there is no database for this probe."""
        found = self._made.get(probe.line)
        if found is None:
            if self._folder is None or len(probe.matches) < FEW:
                return None
            found = self._load(probe)
            if found is None:
                return None
        return found.candidates(data)

    def build(self) -> None:
        """Compile what is missing here and now."""
        for probe in worthwhile(self._book):
            if probe.line in self._made or self._load(probe) is not None:
                continue
            kept = compiled(probe)
            if self._folder is not None:
                _write(place(self._folder, self._book, probe), kept)
            self._made[probe.line] = _Filter.of(kept)

    def build_beside(self) -> bool:
        """Have what is missing compiled by a process of its own; False where nothing is missing or nothing is kept."""
        if self._folder is None or not (missing := self._missing()):
            return False
        context = multiprocessing.get_context("spawn")
        self._builder = context.Process(
            target=_build, args=(missing, str(self._folder), self._book.digest), daemon=True
        )
        self._builder.start()
        return True

    def close(self) -> None:
        """End the compiling process; what it has finished is kept."""
        if self._builder is not None:
            self._builder.kill()
            self._builder.join(5)
            self._builder = None

    def _missing(self) -> list[Probe]:
        assert self._folder is not None
        return [
            Probe(each.name, each.udp, each.sends, each.line, matches=each.matches)
            for each in worthwhile(self._book)
            if not place(self._folder, self._book, each).exists()
        ]

    def _load(self, probe: Probe) -> "_Filter | None":
        if self._folder is None:
            return None
        path = place(self._folder, self._book, probe)
        try:
            if path.stat().st_size > _FILE_MOST:
                return None
            found = _Filter.of(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, hyperscan.error):
            with contextlib.suppress(OSError):
                path.unlink()  # cut short, or of another processor: made anew
            return None
        self._made[probe.line] = found
        return found


class _Filter:
    """One database and the matches it could not take."""

    __slots__ = ("_always", "_database", "_found")

    def __init__(self, database: Any, always: list[int]) -> None:
        self._database = database
        self._always = always
        self._found: list[int] = []

    @classmethod
    def of(cls, kept: bytes) -> "_Filter":
        """From the kept form. Raises ValueError, KeyError or hyperscan's error for anything else."""
        head, _, body = kept.partition(b"\n")
        told = json.loads(head)
        if zlib.crc32(body) != told["crc"]:
            raise ValueError("checksum")
        always = [int(each) for each in told["always"]]
        if not body:
            return cls(None, always)
        database = hyperscan.loadb(body, mode=hyperscan.HS_MODE_BLOCK)
        database.scratch = hyperscan.Scratch(database)
        return cls(database, always)

    def candidates(self, data: bytes) -> list[int]:
        """Numbers of the matches that may match, in order."""
        found = self._found
        found.clear()
        if self._database is not None:
            self._database.scan(data, match_event_handler=self._hit)
        return sorted({*found, *self._always}) if self._always else sorted(found)

    def _hit(self, number: int, _start: int, _end: int, _flags: int, _context: object) -> None:
        self._found.append(number)


def worthwhile(book: Book) -> list[Probe]:
    """The probes that need a database, the most used first."""
    whole = [*([book.null] if book.null else []), *book.probes]
    return sorted((each for each in whole if len(each.matches) >= FEW), key=lambda each: -len(each.matches))


def place(folder: Path, book: Book, probe: Probe) -> Path:
    """Where the database of a probe is kept."""
    return _place(folder, book.digest, probe)


def _place(folder: Path, digest: str, probe: Probe) -> Path:
    return folder / f"probes-{digest[:16]}-{hyperscan.__version__}-{probe.line}.hs"


def compiled(probe: Probe) -> bytes:
    """The database of a probe in the form that is kept: a line of JSON, then hyperscan's bytes."""
    always: list[int] = []
    numbers = list(range(len(probe.matches)))
    database: Any = None
    try:
        database = _database(probe.matches, numbers)
    except hyperscan.error:
        always = [number for number in numbers if not _alone(probe.matches, number)]
        numbers = [number for number in numbers if number not in set(always)]
        if numbers:
            database = _database(probe.matches, numbers)
    body = hyperscan.dumpb(database) if database is not None else b""
    return json.dumps({"always": always, "crc": zlib.crc32(body), "probe": probe.name}).encode() + b"\n" + body


def _alone(matches: list[Match], number: int) -> bool:
    try:
        _database(matches, [number])
    except hyperscan.error:
        return False
    return True


def _database(matches: list[Match], numbers: list[int]) -> Any:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    always = hyperscan.HS_FLAG_PREFILTER | hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_ALLOWEMPTY
    database.compile(
        expressions=[matches[number].pattern for number in numbers],
        ids=numbers,
        elements=len(numbers),
        flags=[
            always
            | (hyperscan.HS_FLAG_CASELESS if matches[number].ignore_case else 0)
            | (hyperscan.HS_FLAG_DOTALL if matches[number].dot_all else 0)
            for number in numbers
        ],
    )
    return database


def _build(probes: list[Probe], folder: str, digest: str) -> None:
    """The compiling process: each database is there whole or not at all."""
    with contextlib.suppress(OSError):
        os.nice(_PROCESS_NICE)
    for probe in probes:
        _write(_place(Path(folder), digest, probe), compiled(probe))


def _write(path: Path, kept: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_bytes(kept)
    fresh.replace(path)
