"""`--store postgres`: the same tests, every database they open on a real PostgreSQL, one of its own for each file.

A database whose test is over, or whose folder is gone, is emptied and serves the next one: making one takes longer. On
SQLite a new file begins as a copy of one that has its tables, but for tests marked `empty`.
"""

import importlib.util
import shutil
from pathlib import Path

import pytest

CLEAN = """DO $$ DECLARE each record; BEGIN
FOR each IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
AND relname <> 'alembic_version' LOOP EXECUTE format('DELETE FROM %I', each.relname); END LOOP;
FOR each IN SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
LOOP EXECUTE format('ALTER SEQUENCE %I RESTART', each.relname); END LOOP; END $$"""


def pytest_addoption(parser):
    """Say which store the tests run on."""
    parser.addoption("--store", choices=("sqlite", "postgres"), default="sqlite", help="the store the tests run on")


def pytest_collection_modifyitems(config, items):
    """Leave out what says something of the other store alone."""
    other = "sqlite" if config.getoption("--store") == "postgres" else "postgres"
    left = [each for each in items if each.get_closest_marker(other)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [each for each in items if each not in left]


class Databases:
    """The databases of this session: by the file a test names, and those that are clean."""

    def __init__(self, server) -> None:
        self.server = server
        self.head = server.fresh()
        self.empty = False
        self.known: dict[str, str] = {}
        self.clean: list[str] = []
        self.spoilt: set[str] = set()
        self.mine: list[str] = []

    def url(self, path: str) -> str:
        """The database that stands for this file."""
        if path not in self.known:
            for each in [each for each in self.known if not Path(each).parent.exists()]:
                self.give_back(each)
            if self.empty:
                self.known[path] = self.server.fresh()
                self.spoilt.add(self.known[path])
            else:
                self.known[path] = self.clean.pop() if self.clean else self.server.fresh(self.head)
            self.mine.append(path)
        return self.server.url(self.known[path])

    def give_back(self, path: str) -> None:
        """Empty the database of this file for the next one."""
        name = self.known.pop(path, None)
        if name is None or name in self.spoilt:
            return
        try:
            self.server.ask(name, f"SET lock_timeout = 1000; {CLEAN}")
            self.clean.append(name)
        except Exception:
            self.spoilt.add(name)


class Files:
    """The files of this session: a new one is a copy of one that has its tables."""

    def __init__(self, made: Path) -> None:
        self.made = made
        self.empty = False

    def opened(self, before, path: Path):
        """The database in this file."""
        from secops.store.database import Database
        from secops.store.migrate import upgrade

        if not self.empty and path.parent.is_dir() and not path.exists():
            if not self.made.exists():
                made = before.__get__(None, Database)(self.made)
                upgrade(made)
                made.close()
            shutil.copyfile(self.made, path)
        return before.__get__(None, Database)(path)


@pytest.fixture(scope="session", autouse=True)
def _store(request, tmp_path_factory):
    from secops.store.database import Database
    from secops.store.migrate import upgrade

    if request.config.getoption("--store") == "sqlite":
        before = Database.__dict__["file"]
        files = Files(tmp_path_factory.mktemp("store") / "made.db")
        Database.file = classmethod(lambda _class, path: files.opened(before, path))
        yield files
        Database.file = before
        return
    module = _load()
    why = module.missing()
    if why:
        pytest.skip(f"PostgreSQL cannot be started: {why}")
    server = module.Server()
    before = Database.__dict__["file"]
    try:
        server.start()
        databases = Databases(server)
        made = Database(server.url(databases.head))
        upgrade(made)
        made.close()
        Database.file = classmethod(lambda _class, path: Database(databases.url(str(path))))
        yield databases
    finally:
        Database.file = before
        server.remove()


@pytest.fixture(autouse=True)
def _own(request, _store):
    _store.empty = request.node.get_closest_marker("empty") is not None
    if isinstance(_store, Files):
        yield
        return
    _store.mine = []
    yield
    for each in _store.mine:
        _store.give_back(each)


def _load():
    path = Path(__file__).parent / "servers" / "postgres.py"
    spec = importlib.util.spec_from_file_location("secops_test_postgres", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
