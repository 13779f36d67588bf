"""Benches against peers on the same machine in the same run: `python tests/perf/bench.py --only syn`.

One line a figure, and build/bench.json. A missed goal is told, not hidden, and does not fail the run.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable
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

    @property
    def ratio(self) -> float:
        return self.ours / self.peer if self.peer else self.ours

    @property
    def ok(self) -> bool:
        return self.ratio >= self.goal

    @classmethod
    def of(
        cls, name: str, ours: list[float], peer: list[float], *, unit: str, goal: float, against: str, note: str = ""
    ) -> "Figure":
        """From the runs of both."""
        middle = statistics.median
        return cls(
            name, middle(ours), middle(peer), unit, goal, (min(ours), max(ours)), (min(peer), max(peer)), against, note
        )

    def line(self) -> str:
        """What people read."""
        low, high = self.spread
        told = f"{self.name:<12} ours {self.ours:,.4g} {self.unit} ({low:,.4g}..{high:,.4g})"
        if self.peer is not None and self.peer_spread is not None:
            told += f"  {self.against} {self.peer:,.4g} ({self.peer_spread[0]:,.4g}..{self.peer_spread[1]:,.4g})"
        told += f"  ratio {self.ratio:.2f}  goal {self.goal}  {'ok' if self.ok else 'short'}"
        return told + (f"  [{self.note}]" if self.note else "")

    def record(self) -> dict[str, object]:
        return {**asdict(self), "ratio": round(self.ratio, 4), "ok": self.ok}


def _syn() -> list[Figure]:
    from tests.perf import syn

    return syn.figures()


BENCHES: dict[str, Callable[[], list[Figure]]] = {"syn": _syn}


def main() -> int:
    """Run the benches asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help=f"one of {', '.join(BENCHES)}; all of them otherwise")
    only = parser.parse_args().only
    if only and only not in BENCHES:
        parser.error(f"no bench named {only!r}; there are: {', '.join(BENCHES)}")
    figures: list[Figure] = []
    for name, bench in BENCHES.items():
        if only in {"", name}:
            for figure in bench():
                print(figure.line(), flush=True)
                figures.append(figure)
    out = ROOT / "build" / "bench.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps([figure.record() for figure in figures], ensure_ascii=False, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.modules["tests.perf.bench"] = sys.modules["__main__"]
    sys.exit(main())
