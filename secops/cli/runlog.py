"""The full talk of a run, kept in its folder as `log.jsonl`, whatever -q or the terminal left out."""

import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from secops.cli.show import line
from secops.core.clock import Instant, render
from secops.core.events import Event, Progress, Row, Started

NAME = "log.jsonl"


class RunLog:
    """Opened by the run's first event. A log that cannot be written never ends the run it tells of."""

    def __init__(self, folder: Path | None) -> None:
        """`folder` holds a folder a run; None keeps no log."""
        self._folder = folder
        self._file: TextIO | None = None
        self._next = 0.0
        self._run = ""

    def note(self, event: Event) -> None:
        """Keep this event; rows are in the store already, and progress is kept once a second."""
        if isinstance(event, Started) and self._folder is not None and event.run != self._run:
            self.close()
            self._run = event.run
            self._open(self._folder / event.run)
        if self._file is None or isinstance(event, Row):
            return
        now = time.time()
        if isinstance(event, Progress):
            if now < self._next:
                return
            self._next = now + 1
        self._write({"type": type(event).__name__.lower(), **asdict(event)})

    def fault(self, error: BaseException) -> None:
        """Keep the whole traceback of what ended the run."""
        self._write({"type": "fault", "traceback": "".join(traceback.format_exception(error))})

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / NAME).open("a", encoding="utf-8", errors="backslashreplace")
        except OSError:
            self._file = None

    def _write(self, record: dict[str, object]) -> None:
        if self._file is None:
            return
        try:
            self._file.write(line({"at": render(Instant(round(time.time() * 1000))), **record}))
            self._file.flush()
        except OSError:
            self._file = None
