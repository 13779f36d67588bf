from pathlib import Path

import pytest

from secops.core import asset_schema
from secops.core.fields import of_kind
from secops.core.model import Kind
from secops.core.registers import registers


@pytest.mark.parametrize("name", asset_schema.names())
def test_every_kind_and_register_is_described(name: str) -> None:
    """Each schema names its columns with Chinese titles and requires only columns it has."""
    made = asset_schema.schema(name)
    properties, required = made["properties"], made["required"]
    assert isinstance(properties, dict)
    assert isinstance(required, list)
    assert set(required) <= set(properties)
    kind = name.partition(".")[2]
    columns = of_kind(Kind(kind)) if name.startswith("asset.") else registers()[kind].columns
    assert {each.name for each in columns} <= set(properties)


def test_an_unknown_name_is_an_error() -> None:
    """What is neither a kind nor a register has no schema."""
    for name in ("asset.printer", "printer", "register.printer"):
        with pytest.raises(KeyError):
            asset_schema.schema(name)


def test_a_new_asset_column_is_two_files(tmp_path: Path) -> None:
    """No file but the dictionary and a migration names a column that is only listed, filtered and exported."""
    root = Path(__file__).resolve().parents[3] / "secops"
    plain = [each.name for each in of_kind(Kind.DATA) if each.name.startswith("data.")]
    assert plain
    for each in root.rglob("*.py"):
        if each.name not in {"fields.py", "declared_sections.py", "filter_value.py"} and "migrations" not in each.parts:
            text = each.read_text(encoding="utf-8")
            assert not [name for name in plain if f'"{name}"' in text], each
