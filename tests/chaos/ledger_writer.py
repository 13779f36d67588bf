"""Takes in a ledger with small chunks: `ledger_writer.py WORKSPACE FILE WHOLE`. A line says when it begins to write."""

import sys
from pathlib import Path

from secops.hall.app import App
from secops.hall.flows import ledger_change
from secops.hall.flows.ledger_import import Options, opened
from secops.hall.workspace import Workspace

if __name__ == "__main__":
    ledger_change.CHUNK = 40
    with App(Workspace(Path(sys.argv[1]))) as app, opened(app, [Path(sys.argv[2])], Options(), who="me") as found:
        found.whole = int(sys.argv[3])
        for _ in found.preview():
            pass
        sys.stdout.write("writing\n")
        sys.stdout.flush()
        for _ in found.apply():
            pass
