"""Finding the first match of an answer, the same whichever engine does the work.

hyperscan and pcre2 where both are installed, pcre2 alone where only it is, else `re` in a process of its own.
"""

from collections.abc import Sequence
from pathlib import Path

from secops.core.language import say
from secops.discover.probes.book import Book, Probe
from secops.discover.probes.engines import Pcre
from secops.discover.probes.extras import hyperscan, pcre2
from secops.discover.probes.heads import Heads
from secops.discover.probes.hyper import Hyper
from secops.discover.probes.match import DATA_MOST, Hit, Matcher
from secops.discover.probes.worker import Worker

ENGINES = ("hyperscan", "pcre2", "re")


class InProcess:
    """pcre2 behind a filter: hyperscan's database where there is one, the plain one otherwise."""

    def __init__(self, book: Book, folder: Path | None = None, *, with_hyperscan: bool = True) -> None:
        self._engine = Pcre()
        self._heads: dict[int, Heads] = {}
        self.hyper = Hyper(book, folder) if with_hyperscan and hyperscan is not None else None
        self.name = "hyperscan" if self.hyper else "pcre2"

    def first(self, probe: Probe, data: bytes) -> Hit | None:
        """The first match along the probe's chain."""
        data = data[:DATA_MOST]
        for each in probe.chain:
            matches = each.matches
            for number in self._candidates(each, data):
                groups = self._engine.search(matches[number], data)
                if groups is not None:
                    return Hit(each, matches[number], groups)
        return None

    def close(self) -> None:
        """End the compiling process."""
        if self.hyper is not None:
            self.hyper.close()

    def _candidates(self, probe: Probe, data: bytes) -> Sequence[int]:
        if self.hyper is not None:
            found = self.hyper.candidates(probe, data)
            if found is not None:
                return found
        heads = self._heads.get(probe.line)
        if heads is None:
            heads = self._heads[probe.line] = Heads(probe.matches)
        return heads.candidates(data)


class Aside:
    """The standard library alone, in a process that is killed when a pattern takes too long."""

    def __init__(self, book: Book) -> None:
        self.worker = Worker(book)
        self.name = "re"

    def first(self, probe: Probe, data: bytes) -> Hit | None:
        """The first match along the probe's chain."""
        found = self.worker.answer(probe, data[:DATA_MOST])
        if found is None:
            return None
        depth, number, groups = found
        owner = probe.chain[depth]
        return Hit(owner, owner.matches[number], groups)

    def close(self) -> None:
        """End the process."""
        self.worker.close()


def matcher(book: Book, folder: Path | None = None, engine: str = "") -> Matcher:
    """The best matcher this installation can have, or the one named in ENGINES. `folder` keeps compiled databases."""
    if engine == "re" or pcre2 is None:
        return Aside(book)
    return InProcess(book, folder, with_hyperscan=engine != "pcre2")


def missing() -> tuple[str, ...]:
    """What is not installed and what that costs, a line each."""
    told = []
    if pcre2 is None:
        told.append(
            say(
                "没有 pcre2，改用标准库匹配服务标语，较慢：pip install 'yuedun-secops[identify]'",
                "pcre2 is not installed, banners are matched by the slower standard library: "
                "pip install 'yuedun-secops[identify]'",
            )
        )
    elif hyperscan is None:
        told.append(
            say(
                "没有 hyperscan，匹配服务标语较慢：pip install 'yuedun-secops[identify]'",
                "hyperscan is not installed, banners are matched more slowly: pip install 'yuedun-secops[identify]'",
            )
        )
    return tuple(told)
