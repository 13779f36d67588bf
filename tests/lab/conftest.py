"""Fixtures of the lab: root and network namespaces, else skipped with the reason."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.network import Lab
from tests.witness import Witness, watching


def _missing() -> str:
    if os.geteuid():
        return "the lab needs root"
    absent = [program for program in ("ip", "nft", "ss", "sysctl") if not shutil.which(program)]
    return f"the lab needs {', '.join(absent)}" if absent else ""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The namespaces, with real servers and listeners of our own."""
    reason = _missing()
    if reason:
        pytest.skip(reason)
    folder: Path = tmp_path_factory.mktemp("lab")
    made = Lab(folder)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def witness() -> Iterator[Witness]:
    """The audit hook; the test fails when anything was sent that no lease granted."""
    with watching() as watched:
        yield watched
    assert watched.strays == []
