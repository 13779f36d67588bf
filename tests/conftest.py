"""`--store postgres`: the same tests, every database they open on a real PostgreSQL, one of its own for each file."""

import importlib.util
from pathlib import Path

import pytest

SKIPPED = "says something of SQLite alone"


def pytest_addoption(parser):
    """Say which store the tests run on."""
    parser.addoption("--store", choices=("sqlite", "postgres"), default="sqlite", help="the store the tests run on")


def pytest_collection_modifyitems(config, items):
    """Leave out what says something of SQLite alone."""
    if config.getoption("--store") == "postgres":
        for each in items:
            if each.get_closest_marker("sqlite"):
                each.add_marker(pytest.mark.skip(reason=SKIPPED))


@pytest.fixture(scope="session", autouse=True)
def _store(request):
    if request.config.getoption("--store") == "sqlite":
        yield None
        return
    from secops.store.database import Database

    module = _load()
    why = module.missing()
    if why:
        pytest.skip(f"PostgreSQL cannot be started: {why}")
    server = module.Server()
    known: dict[str, str] = {}

    def file(_class, path):
        url = known.get(str(path))
        if url is None:
            url = known[str(path)] = server.url(server.fresh())
        return Database(url)

    before = Database.__dict__["file"]
    try:
        server.start()
        Database.file = classmethod(file)
        yield server
    finally:
        Database.file = before
        server.remove()


def _load():
    path = Path(__file__).parent / "servers" / "postgres.py"
    spec = importlib.util.spec_from_file_location("secops_test_postgres", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
