"""Identifies every endpoint of a list as a run does, in a process of its own: `service_client.py FOLDER HOSTS PORTS`.

Prints one JSON line: how many were told by service and product, seconds, and what the audit hook saw.
"""

import json
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dataclasses import replace

from secops.core.clock import SystemClock
from secops.core.model import Target
from secops.dial.loop import Loop
from secops.dial.talk import Bounds, Job
from secops.discover.collectors.dispatch import identify
from secops.discover.probes.ask import Kit
from secops.discover.probes.file import find, load
from secops.discover.probes.matchers import InProcess, matcher
from secops.scope.intervals import IntervalSet
from secops.scope.level import Level
from tests.lab.leave import gate, scope
from tests.witness import watching

CLOCK = SystemClock()


def main() -> None:
    """Everything once."""
    folder, hosts, ports = Path(sys.argv[1]), sys.argv[2], [int(each) for each in sys.argv[3].split(",")]
    book = load(find())
    made = matcher(book, Path(sys.argv[4]))
    if isinstance(made, InProcess) and made.hyper is not None:
        made.hyper.build()
    kit = Kit(book, made, CLOCK)
    allowed = replace(scope([hosts], [str(each) for each in ports], pps=1_000_000), level=Level.ACTIVE)
    passage, _ = gate(folder, allowed)
    bounds = Bounds(concurrency=1_000, seconds=300.0, commands=1_000, redials=80)
    loop = Loop(passage, CLOCK, pps_per_host=1_000_000, level=Level.ACTIVE, bounds=bounds)
    targets = (Target(host, port) for port in ports for host in IntervalSet.parse([hosts]).addresses())
    told: Counter[str] = Counter()
    with watching() as witness:
        begun = time.perf_counter()
        for outcome in loop.run(Job(each, partial(identify, each, kit)) for each in targets):
            readings = outcome.result if isinstance(outcome.result, tuple) else ()
            service = next((each.facts for each in readings if each.collector.startswith("service@")), {})
            told[f"{service.get('service.name', '?')} {service.get('service.product', '?')}"] += 1
        seconds = time.perf_counter() - begun
    passage.close()
    print(json.dumps({"told": told, "seconds": seconds, "strays": len(witness.strays), "events": witness.seen}))


if __name__ == "__main__":
    main()
