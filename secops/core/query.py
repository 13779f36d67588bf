"""The filter AST, shared by rules and the filter language. The store turns it into SQL; `holds` is the oracle.

Meaning is two-valued: a comparison with an unknown (None) is false, and `Not` of it is true. Text compares without
regard to ASCII case; other scripts compare as they are written. On a set of values a comparison holds if it holds for
any member. `Undecided` is not decided here: a rule's `requires` are checked before.
"""

from dataclasses import dataclass
from enum import StrEnum

from secops.core.model import Value


class Op(StrEnum):
    """How a field is compared with a value."""

    EQ = "eq"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    CONTAINS = "contains"
    STARTSWITH = "startswith"
    ENDSWITH = "endswith"
    LIKE = "like"
    """Whole-text match with `*` (any run) and `?` (one character); `\\*`, `\\?`, `\\\\` stand for themselves."""
    CIDR = "cidr"
    EXISTS = "exists"
    """Value True: known; False: unknown (no value)."""
    VERSION_LT = "version_lt"
    VERSION_LTE = "version_lte"
    VERSION_GT = "version_gt"
    VERSION_GTE = "version_gte"


@dataclass(frozen=True, slots=True)
class Compare:
    """Field (full dictionary name) compared with one value."""

    field: str
    op: Op
    value: Value


@dataclass(frozen=True, slots=True)
class And:
    """All hold; the empty one holds."""

    items: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any holds; the empty one does not."""

    items: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold."""

    item: "Query"


Query = Compare | And | Or | Not
EVERYTHING: Query = And(())
