"""Fixtures that start real servers; a conftest imports what its folder needs."""

import importlib.util
from pathlib import Path

import pytest


def _load(name):
    spec = importlib.util.spec_from_file_location(f"secops_test_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


node = _load("node")


@pytest.fixture(scope="session")
def elasticsearch(tmp_path_factory):
    """A running Elasticsearch node, killed at the end; skips with the reason where it cannot be had."""
    why = node.missing()
    if why:
        pytest.skip(f"Elasticsearch cannot be started: {why}")
    server = node.Node(tmp_path_factory.mktemp("elasticsearch"))
    try:
        server.start()
    except TimeoutError as error:
        server.kill()
        pytest.skip(f"Elasticsearch does not start here: {error}")
    yield server
    server.kill()


postgres_module = _load("postgres")


def _server():
    why = postgres_module.missing()
    if why:
        pytest.skip(f"PostgreSQL cannot be started: {why}")
    server = postgres_module.Server()
    server.start()
    return server


@pytest.fixture(scope="session")
def postgres():
    """A running PostgreSQL, ended at the end; skips with the reason where it cannot be had."""
    server = _server()
    yield server
    server.remove()


@pytest.fixture
def own_postgres():
    """A PostgreSQL of this test's own, which it may kill."""
    server = _server()
    yield server
    server.remove()
