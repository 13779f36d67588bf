"""The libraries of the extra `reports`, imported when a format needs one; a missing one is named with its command."""

from importlib.util import find_spec

from secops.core.errors import UsageError
from secops.core.language import say

COMMAND = "pip install 'yuedun-secops[reports]'"


def needs(module: str) -> None:
    """Raises UsageError where the module is not installed."""
    if find_spec(module) is None:
        raise missing(module)


def missing(module: str, why: str = "", hint: str = COMMAND) -> UsageError:
    """The error that names a library which is not there, and what installs it."""
    return UsageError(
        "E6303",
        say(f"这种格式需要 {module}，未安装", f"this format needs {module}, which is not installed"),
        why=why,
        hint=hint,
    )
