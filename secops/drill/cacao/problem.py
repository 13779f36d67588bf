"""What a linter says about one place of a playbook."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.scope.yaml_source import nearest, visible


class Weight(StrEnum):
    """An error keeps the playbook from running; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding with its place (`path:line:column`) and what to try."""

    code: str
    where: str
    what: str
    hint: str = ""
    weight: Weight = Weight.ERROR

    @classmethod
    def of(cls, error: InvalidFile) -> "Problem":
        """The finding an error of the loader amounts to."""
        return cls(error.code, error.where, error.what, error.hint or error.why)


def guess(word: str, known: Iterable[str]) -> str:
    """The hint that names the nearest known word, else all of them."""
    words = sorted(known)
    near = nearest(word, words)
    if near:
        return say(f"是不是 {visible(near)}？", f"did you mean {visible(near)}?")
    return say("可用：", "known: ") + visible(", ".join(words), 200) if words else ""


def refuse(problems: Iterable[Problem], path: str) -> InvalidFile | None:
    """The error that stops whoever wanted to use the playbook, None when nothing in it is an error."""
    wrong = [each for each in problems if each.weight is Weight.ERROR]
    if not wrong:
        return None
    first = wrong[0]
    more = say(f"（共 {len(wrong)} 处错误）", f" ({len(wrong)} errors in all)") if len(wrong) > 1 else ""
    hint = first.hint or f"secops drill lint {path}"
    return InvalidFile(first.code, first.what + more, where=first.where, hint=hint)
