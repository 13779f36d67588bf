"""Benches against peers on the same machine in the same run: `python tests/perf/bench.py --only discover`.

`--only` takes a group or one bench. One line a figure, and build/bench.json. A missed goal is told and does
not fail the run; a bench that breaks does, after the others.
"""

import argparse
import importlib
import json
import statistics
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))


@dataclass(frozen=True, slots=True)
class Figure:
    """One comparison. `ours` and `peer` are medians; the spreads say how far the runs lay apart."""

    name: str
    ours: float
    peer: float | None
    unit: str
    goal: float
    spread: tuple[float, float]
    peer_spread: tuple[float, float] | None
    against: str
    note: str = ""
    least: bool = True
    """Is the goal what must be reached, or (milliseconds, megabytes) what must not be passed?"""

    @property
    def ratio(self) -> float:
        return self.ours / self.peer if self.peer else self.ours

    @property
    def ok(self) -> bool:
        return self.ratio >= self.goal if self.least else self.ratio <= self.goal

    @classmethod
    def of(
        cls, name: str, ours: list[float], peer: list[float], *, unit: str, goal: float, against: str, note: str = ""
    ) -> "Figure":
        """From the runs of both."""
        middle = statistics.median
        return cls(
            name, middle(ours), middle(peer), unit, goal, (min(ours), max(ours)), (min(peer), max(peer)), against, note
        )

    @classmethod
    def alone(
        cls, name: str, runs: list[float], *, unit: str, goal: float, least: bool = True, note: str = ""
    ) -> "Figure":
        """Without a peer: the goal is of the figure itself."""
        return cls(name, statistics.median(runs), None, unit, goal, (min(runs), max(runs)), None, "", note, least)

    def line(self) -> str:
        """What people read."""
        low, high = self.spread
        told = f"{self.name:<12} ours {self.ours:,.4g} {self.unit} ({low:,.4g}..{high:,.4g})"
        if self.peer is not None and self.peer_spread is not None:
            told += f"  {self.against} {self.peer:,.4g} ({self.peer_spread[0]:,.4g}..{self.peer_spread[1]:,.4g})"
            told += f"  ratio {self.ratio:.2f}"
        if self.goal:
            told += f"  goal {'>=' if self.least else '<='} {self.goal:,.4g}  {'ok' if self.ok else 'short'}"
        return told + (f"  [{self.note}]" if self.note else "")

    def record(self) -> dict[str, object]:
        return {**asdict(self), "ratio": round(self.ratio, 4), "ok": self.ok}


GROUPS: dict[str, tuple[str, ...]] = {
    "syn": ("syn",),
    "discover": (
        *("syn", "wire", "datagrams", "banner", "pages", "grab", "service_id", "service_speed", "intake"),
        "end_to_end",
    ),
    "inventory": ("inventory", "identity", "sheets"),
}
"""Group -> the modules beside this one whose `figures()` it runs, in order."""


def main() -> int:
    """Run the benches asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = tuple(dict.fromkeys(each for group in GROUPS.values() for each in group))
    known = (*GROUPS, *(each for each in names if each not in GROUPS))
    parser.add_argument("--only", default="", help=f"one of {', '.join(known)}; all of them otherwise")
    only = parser.parse_args().only
    if only and only not in known:
        parser.error(f"no bench named {only!r}; there are: {', '.join(known)}")
    figures: list[Figure] = []
    broken = 0
    for name in GROUPS.get(only, (only,)) if only else names:
        try:
            module = importlib.import_module(f"tests.perf.{name}")
            for figure in module.figures():
                print(figure.line(), flush=True)
                figures.append(figure)
        except Exception:
            broken += 1
            print(f"{name} broke:", file=sys.stderr)
            traceback.print_exc()
    out = ROOT / "build" / "bench.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps([figure.record() for figure in figures], ensure_ascii=False, indent=2) + "\n", "utf-8")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.modules["tests.perf.bench"] = sys.modules["__main__"]
    sys.exit(main())
