"""Whose account of the operating system this process runs under: what `--who` cannot say otherwise."""

import os
import pwd
from pathlib import Path
from typing import Final

_LOGIN: Final = Path("/proc/self/loginuid")
_UNSET: Final = 2**32 - 1


def account() -> str:
    """The account, and the one that logged in where it is another (`sudo`): `root`, or `root (zhangsan)`."""
    mine = os.getuid()
    try:
        login = int(_LOGIN.read_text(encoding="ascii"))
    except (OSError, ValueError):
        login = _UNSET
    return _name(mine) if login in {mine, _UNSET} else f"{_name(mine)} ({_name(login)})"


def user() -> str:
    """The account alone, under which the process may read and write."""
    return _name(os.getuid())


def _name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid {number}"
