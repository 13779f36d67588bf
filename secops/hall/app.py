"""The application: one workspace opened, its parts built on first use and handed to flows."""

import platform
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from secops.core.clock import Clock, SystemClock
from secops.core.errors import SecopsError
from secops.hall.config import Config, load
from secops.hall.workspace import Workspace

if TYPE_CHECKING:
    from secops.scope.audit import Audit
    from secops.scope.epoch import Epoch
    from secops.store.database import Database
    from secops.store.mirror import Mirror


class App:
    """What every flow is given. Close it when done."""

    def __init__(self, workspace: Workspace, *, clock: Clock | None = None, config: Config | None = None) -> None:
        self.workspace = workspace
        self.clock: Clock = clock or SystemClock()
        self.config = config or load(workspace.config)
        self.tell: Callable[[SecopsError], None] = lambda _: None
        """Hears why something was answered another way than it should: a door shows it."""
        self.upgrading: Callable[[str, str], None] = lambda _before, _now: None
        """Hears of a database about to be brought from one version to another: a large one takes minutes."""

    @cached_property
    def site(self) -> str:
        """The site whose universe this workspace is."""
        return self.config.text("site")

    @cached_property
    def observer(self) -> str:
        """Who observes: the configured name, else this machine's."""
        return self.config.text("observer") or platform.node()

    @cached_property
    def database(self) -> "Database":
        """The store, brought to this program's version. Raises StoreError."""
        from secops.store.migrate import upgrade

        database = self.unopened()
        upgrade(database, self.upgrading)
        return database

    def unopened(self) -> "Database":
        """The store as it is, whatever its version. Raises StoreError, UsageError."""
        from secops.store.database import Database

        url, secret = self.config.text("store.url"), self.config.text("store.password_file")
        if not url:
            return Database.file(self.workspace.database)
        return Database(url, self.workspace.root / Path(secret).expanduser() if secret else None)

    @cached_property
    def mirror(self) -> "Mirror":
        """The columnar mirror of the store, whether or not it has been made."""
        from secops.store.mirror import Mirror

        return Mirror(self.database, self.workspace.state, self.clock, memory_mb=self.config.number("mirror.memory_mb"))

    @cached_property
    def audit(self) -> "Audit":
        """The audit log."""
        from secops.scope.account import account
        from secops.scope.audit import Audit

        return Audit(self.workspace.audit, self.clock, account())

    @cached_property
    def epoch(self) -> "Epoch":
        """The stop switch every lease re-reads."""
        from secops.scope.epoch import Epoch

        return Epoch(self.workspace.state)

    def limit(self, seconds: float | None) -> None:
        """Let questions to the store take so long in all from now, None: as long as they take."""
        from secops.store.patience import Patience

        self.database.patience = Patience(seconds)

    def close(self) -> None:
        """Let go of the store."""
        if "mirror" in self.__dict__:
            self.mirror.release()
        if "database" in self.__dict__:
            self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
