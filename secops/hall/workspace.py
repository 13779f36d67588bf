"""A workspace: one folder that holds everything of one site. Nothing outside it is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from importlib.resources import files
from pathlib import Path

from secops.core.errors import Locked, UsageError
from secops.core.language import say

CONFIG = "secops.toml"
LAYERED = ("rules", "playbooks", "inventory")
"""Folders whose shipped files a workspace overrides file by file."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The paths inside one workspace folder."""

    root: Path

    @property
    def config(self) -> Path:
        """Settings."""
        return self.root / CONFIG

    @property
    def database(self) -> Path:
        """The embedded store."""
        return self.root / "secops.db"

    @property
    def audit(self) -> Path:
        """The hash-chained audit log."""
        return self.root / "audit.jsonl"

    @property
    def alerts(self) -> Path:
        """Where the embedded sink writes alerts."""
        return self.root / "alerts.jsonl"

    @property
    def state(self) -> Path:
        """Epoch, revocations, locks."""
        return self.root / "state"

    @property
    def stopped_all(self) -> Path:
        """The epoch that `secops stop --all` made last. Exercises begun before it are stopped."""
        return self.state / "stopped-all"

    @property
    def scopes(self) -> Path:
        """Authorisation documents and their signatures."""
        return self.root / "scopes"

    @property
    def trust(self) -> Path:
        """Public keys whose signatures count."""
        return self.root / "trust"

    @property
    def keys(self) -> Path:
        """Private keys, encrypted."""
        return self.root / "keys"

    @property
    def inventory(self) -> Path:
        """Declared facts."""
        return self.root / "inventory"

    @property
    def reports(self) -> Path:
        """What `report make` writes unless told otherwise."""
        return self.root / "reports"

    def run(self, run: str) -> Path:
        """The folder of one run."""
        return self.root / "runs" / run

    def make(self) -> None:
        """Create the folders; existing ones stay as they are. Keys are for the owner alone."""
        for folder in (self.state, self.scopes, self.trust, self.inventory, self.reports, self.root / "runs"):
            folder.mkdir(parents=True, exist_ok=True)
        for name in LAYERED:
            (self.root / name).mkdir(exist_ok=True)
        self.keys.mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the lock of this name (`discover`, `alert`, ...) while inside. Raises Locked if another holds it.

        The kernel lets go of it when the process dies, however it dies.
        """
        self.state.mkdir(parents=True, exist_ok=True)
        path = self.state / f"{name}.lock"
        with path.open("a+b") as handle:
            try:
                flock(handle, LOCK_EX | LOCK_NB)
            except OSError as error:
                raise Locked(
                    "E5201",
                    say(f"另一个进程正在执行 {name}", f"another process is running {name}"),
                    where=str(path),
                    hint=say(
                        "等它结束，或在另一个终端用 secops stop --all 停止",
                        "wait for it, or stop it: secops stop --all",
                    ),
                ) from error
            yield


def find(start: Path) -> Workspace:
    """The workspace that holds `start`, looking upward. Raises UsageError where there is none."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / CONFIG).is_file():
            return Workspace(folder)
    raise UsageError(
        "E1101",
        say("这里不是工作区，上级目录也不是", "no workspace here or above"),
        where=str(start),
        hint=say("secops init DIR 新建一个，或用 -w DIR 指定", "make one with secops init DIR, or name it with -w DIR"),
    )


def shipped(name: str) -> Path:
    """The folder of this name that came with the program: from the wheel, or beside the source tree."""
    packaged = Path(str(files("secops") / "_shipped" / name))
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / name


def layered(workspace: Workspace | None, name: str, suffix: str = ".yaml") -> dict[str, Path]:
    """Relative name -> file, shipped ones overridden by the workspace's of the same name, sorted by name."""
    found: dict[str, Path] = {}
    folders = [shipped(name)] + ([workspace.root / name] if workspace else [])
    for folder in folders:
        if folder.is_dir():
            found |= {str(path.relative_to(folder)): path for path in folder.rglob(f"*{suffix}") if path.is_file()}
    return dict(sorted(found.items()))
