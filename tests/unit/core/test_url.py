import pytest

from secops.core.url import shown


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://u:secret@h:5432/d?sslmode=require", "postgresql://u@h:5432/d?sslmode=require"),
        ("postgresql://u:se@cret@h/d", "postgresql://u@h/d"),
        ("postgresql://h/d?password=secret&user=u", "postgresql://h/d?password=***&user=u"),
        ("postgresql://h/d?sslpassword=secret", "postgresql://h/d?sslpassword=***"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("/path/to/secops.db", "/path/to/secops.db"),
    ],
)
def test_no_password_is_shown(url: str, said: str) -> None:
    """What could be a password is left out, the rest stays."""
    assert shown(url) == said
    assert "secret" not in shown(url)
