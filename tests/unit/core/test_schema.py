import pytest

from secops.core.schema import RECORDS, schema


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_has_a_schema(name: str) -> None:
    """Each record's schema names its properties, each of a JSON type, and requires only what has no default."""
    made = schema(name)
    properties = made["properties"]
    required = made["required"]
    assert isinstance(properties, dict)
    assert isinstance(required, list)
    assert properties
    assert set(required) <= set(properties)


def test_enums_and_nested_records_are_spelled_out() -> None:
    """A choice lists its words, a list its items, and a record inside a record is described whole."""
    made = schema("transition")
    assert made["properties"]["step"]["enum"] == ["opened", "changed", "resolved", "reopened"]
    assert made["properties"]["finding"]["properties"]["severity"]["type"] == "string"
    assert schema("coverage")["properties"]["ports"] == {"type": "array", "items": {"type": "integer"}}


def test_what_has_no_json_form_is_an_error() -> None:
    """An unknown record is a KeyError."""
    with pytest.raises(KeyError):
        schema("nothing")
