import pytest

from secops.core.language import say


def test_chinese_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a choice the program speaks Chinese; SECOPS_LANG=en turns it to English."""
    monkeypatch.delenv("SECOPS_LANG", raising=False)
    assert say("授权", "scope") == "授权"
    monkeypatch.setenv("SECOPS_LANG", "en")
    assert say("授权", "scope") == "scope"
