"""Every parser that takes bytes from outside, 2,000 cases each: no crash, no hang, bounded output, no memory growth."""

import gc
import random
import signal
import sys
import tracemalloc
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.fuzz.entries import DATAGRAMS, IMPORTERS, dispatch, entries, grown

pytestmark = pytest.mark.property

ENTRIES = entries()
CASES = 2_000
SECONDS = 5
OUTPUT_MOST = 2_000_000
GROWTH_MOST = 300_000

profile = settings(
    max_examples=CASES, deadline=None, database=None, phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def _hang(*_):
    raise AssertionError(f"no answer within {SECONDS} seconds")


@pytest.fixture(autouse=True)
def clockwork():
    """A parser that hangs is interrupted and told."""
    before = signal.signal(signal.SIGALRM, _hang)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def size(value, left=OUTPUT_MOST):
    """Characters and members of an answer, counted no further than the bound."""
    stack, total, met = [value], 0, set()
    while stack and total <= left:
        each = stack.pop()
        total += 8
        if id(each) in met:
            continue
        met.add(id(each))
        if isinstance(each, (str, bytes, bytearray)):
            total += len(each)
        elif isinstance(each, Mapping):
            for key, inner in list(each.items()):
                stack += [key, inner]
        elif isinstance(each, (list, tuple, set, frozenset)):
            stack += each
        elif is_dataclass(each):
            stack += [getattr(each, field.name, None) for field in fields(each)]
    return total


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_any_bytes(name):
    """Two thousand texts, most of them true ones damaged: each is answered in bounded time and size, or refused."""
    entry = ENTRIES[name]

    @profile
    @given(st.binary(max_size=300))
    def survives(recipe):
        data = grown(entry.seeds, recipe)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        answer = entry.run(data)
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert size(answer) <= OUTPUT_MOST

    survives()


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_memory_does_not_grow(name):
    """The same eighty texts a second time leave nothing behind."""
    entry, rng = ENTRIES[name], random.Random(7)
    cases = [grown(entry.seeds, rng.randbytes(rng.randrange(2, 120))) for _ in range(80)]
    for each in cases:
        entry.run(each)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for each in cases:
            entry.run(each)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < GROWTH_MOST
    finally:
        tracemalloc.stop()


def test_no_collector_or_importer_is_left_out():
    """What stands in the tables is fuzzed."""
    wanted = {f"collector {each.name}" for each in dispatch.COLLECTORS if each.ask}
    wanted |= {f"datagrams {each.name}" for each in DATAGRAMS} | {f"import {each}" for each in IMPORTERS}
    assert wanted <= set(ENTRIES)


def test_true_texts_are_understood():
    """The texts that cases are made of are true ones: most parsers find something in them."""
    dumb = [name for name, each in ENTRIES.items() if each.seeds and not any(each.run(seed) for seed in each.seeds)]
    assert dumb == []
