"""Fixtures that start real servers; a conftest imports what its folder needs."""

import importlib.util
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("secops_test_node", Path(__file__).with_name("node.py"))
node = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(node)


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
