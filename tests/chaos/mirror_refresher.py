"""Makes or brings up the mirror of a workspace: `mirror_refresher.py WORKSPACE [anew]`. A line says when it begins."""

import sys
from pathlib import Path

from secops.hall.app import App
from secops.hall.flows import mirror
from secops.hall.workspace import Workspace

if __name__ == "__main__":
    with App(Workspace(Path(sys.argv[1]))) as app:
        assert app.mirror  # what is imported late is imported now
        sys.stdout.write("refreshing\n")
        sys.stdout.flush()
        mirror.refresh(app, anew=sys.argv[2:] == ["anew"])
