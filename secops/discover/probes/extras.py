"""Libraries that make matching faster and need not be there: the extra `identify`."""

import importlib
from typing import Any


def optional(name: str) -> Any:
    """The module of this name, None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


pcre2 = optional("pcre2")
hyperscan = optional("hyperscan")
