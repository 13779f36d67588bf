from secops.core import fields
from secops.core.fields import Derivation, Type
from secops.core.model import Kind


def test_names_and_aliases_are_unique() -> None:
    """No two fields share a name, a column or a short word."""
    names = [each.name for each in fields.FIELDS]
    words = names + [each.alias for each in fields.FIELDS if each.alias and each.alias not in names]
    assert len(words) == len(set(words))
    assert len({each.column for each in fields.FIELDS}) == len(names)


def test_aliases_hide_no_full_name() -> None:
    """A short word that equals a full name belongs to that very field."""
    for each in fields.FIELDS:
        if each.alias in fields.by_name():
            raise AssertionError(each.alias)


def test_every_field_speaks_both_languages() -> None:
    """Each field has a Chinese and an English title and at least one kind."""
    assert all(each.zh and each.en and each.kinds for each in fields.FIELDS)


def test_derived_fields_point_at_fields_that_exist() -> None:
    """A computed field names a source of the dictionary, and an age is counted from an instant."""
    known = fields.by_name()
    for each in fields.FIELDS:
        if each.derived and each.derived.how is Derivation.AGE:
            assert known[each.derived.of].type is Type.INSTANT
        elif each.derived and each.derived.of and each.derived.via != "org_id":
            assert each.derived.of in known


def test_collectors_may_write_facts_only() -> None:
    """Neither core columns nor computed fields are among the facts of a kind."""
    assert "http.title" in fields.facts_of(Kind.WEBSITE)
    assert not {"state", "org.name", "id"} & fields.facts_of(Kind.WEBSITE)
