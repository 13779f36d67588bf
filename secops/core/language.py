"""The two languages users read: zh-CN first, English second. Picks one at the moment of speaking."""

import os

ZH = "zh"
EN = "en"


def current() -> str:
    """The language in force: `SECOPS_LANG` (set by `--lang` at the door), Chinese where nothing is said."""
    return EN if os.environ.get("SECOPS_LANG", ZH).lower().startswith(EN) else ZH


def say(zh: str, en: str) -> str:
    """The sentence in the language in force."""
    return en if current() == EN else zh
