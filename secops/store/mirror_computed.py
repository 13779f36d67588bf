"""The computed columns of the mirror in DuckDB's words.

Over a row `r`, with its unit `o`, its system `s`, and `p`, what the active services of an address come to.
"""

from collections.abc import Sequence

from secops.core.fields import Derivation, Field
from secops.core.model import State
from secops.store.derive import ORGANISATION

UNIT = "o.site = r.site AND o.id = r.org_id"
"""How a row's unit is found."""
SYSTEM = "s.site = r.site AND s.id = r.system_id"
"""How its system is."""


def value(field: Field) -> str:
    """What stands in the column of this field."""
    derived = field.derived
    assert derived is not None
    if derived.how is Derivation.COUNT:
        return "coalesce(p.number, 0)"
    place = "o" if derived.via == ORGANISATION else "s"
    if derived.how is Derivation.MISSING:
        return f"{place}.id IS NULL"
    if derived.how is Derivation.MEMBERS:
        return f'coalesce(p."{source(field)}", [])'
    return f'{place}."{source(field)}"'


def source(field: Field) -> str:
    """The column elsewhere that it comes from; of one that tells whether it is missing, whether it is gone."""
    assert field.derived is not None
    return "gone" if field.derived.how is Derivation.MISSING else field.derived.of.replace(".", "_")


def over_ports(field: Field) -> bool:
    """Whether it is counted or gathered over the services of an address."""
    return field.derived is not None and field.derived.how in {Derivation.COUNT, Derivation.MEMBERS}


def members(fields: Sequence[Field]) -> list[str]:
    """The columns of services that these fields gather."""
    return sorted({source(each) for each in fields if each.derived and each.derived.how is Derivation.MEMBERS})


def ports(rows: str, columns: Sequence[str]) -> str:
    """The statement that gives what the active services among these rows come to, by address."""
    listed = "".join(f', list_sort(list_distinct(list("{each}"))) AS "{each}"' for each in columns)
    return (
        f"SELECT parent, count(*) AS number{listed} FROM {rows} "
        f"WHERE state = '{State.ACTIVE}' AND parent IS NOT NULL GROUP BY parent"
    )
