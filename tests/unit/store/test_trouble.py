import pytest
from sqlalchemy import exc

from secops.core.errors import Locked
from secops.store.trouble import translate


class _Told(Exception):
    """What a driver raises: words, and a state where a server told it."""

    def __init__(self, words: str, state: str | None = None) -> None:
        super().__init__(words)
        if state is not None:
            self.sqlstate = state


@pytest.mark.parametrize(
    ("error", "url", "hint"),
    [
        (_Told("canceling statement due to lock timeout", "55P03"), "postgresql://h/d", "会话正在收尾"),
        (_Told("database is locked"), "sqlite:///x.db", "discover status"),
    ],
)
def test_who_must_wait_is_told_for_what(error: _Told, url: str, hint: str) -> None:
    """On a server it may be the session of a process that was ended, which no list of tasks shows."""
    found = translate(exc.DBAPIError("", {}, error), url)
    assert isinstance(found, Locked)
    assert (found.code, hint in found.hint) == ("E5102", True)
