"""What a Word template may name: a word that means nothing is an error with the nearest ones, not an empty place."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn

from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.deliver.reports.model import clean

if TYPE_CHECKING:
    from jinja2 import Undefined

_REPEATED = ("fact", "each", "sheet", "head", "row", "cell")
"""What the template that ships calls one of many, beside the names of a report."""


def unknown(where: str, names: Mapping[str, Any]) -> "type[Undefined]":
    """What stands for a word that is not among `names`: InvalidFile as soon as it is used.

    A template may still ask for it by `is defined` or `default`.
    """
    from jinja2 import StrictUndefined
    from jinja2.utils import missing

    class Unknown(StrictUndefined):
        __slots__ = ()

        @property
        def _undefined_message(self) -> NoReturn:
            word, of = str(clean(str(self._undefined_name)[:60])), self._undefined_obj
            known = list(of) if isinstance(of, dict) else list(names) if of is missing else []
            near = get_close_matches(word, [*known, *(_REPEATED if of is missing else ())], 3)
            raise InvalidFile(
                "E6325",
                say(f"Word 模板里有不认识的变量 {word}", f"the template names {word}, unknown"),
                where=where,
                why=say("这里可用的：", "there are: ") + ", ".join(known) if known else "",
                hint=say("是不是 ", "did you mean ") + say("、", ", ").join(near) + say("？", "?") if near else "",
            )

    return Unknown
