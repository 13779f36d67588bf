"""JSON Schema of the rows that lists and exports give: an asset of each kind, a row of each register.

Derived from the field dictionary and the table of registers, so a new column is described the moment it exists.
"""

from typing import Final

from secops.core.events import SCHEMA
from secops.core.fields import Field, Type, of_kind
from secops.core.model import Kind, State
from secops.core.register import RegisterColumn, RegisterType, Shape
from secops.core.registers import registers

Schema = dict[str, object]

ASSET: Final = "asset."
REGISTER: Final = "register."
_TYPES: Final[dict[Type, Schema]] = {
    Type.TEXT: {"type": "string"},
    Type.INTEGER: {"type": "integer"},
    Type.BOOLEAN: {"type": "boolean"},
    Type.INSTANT: {"type": "string", "format": "date-time"},
    Type.ADDRESS: {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
    Type.VERSION: {"type": "string"},
    Type.TEXTS: {"type": "array", "items": {"type": "string"}},
    Type.ADDRESSES: {"type": "array", "items": {"type": "string"}},
    Type.INTEGERS: {"type": "array", "items": {"type": "integer"}},
}
_SHAPES: Final[dict[Shape, Schema]] = {
    Shape.TEXT: {"type": "string"},
    Shape.LONG: {"type": "string"},
    Shape.TEXTS: {"type": "array", "items": {"type": "string"}},
    Shape.INTEGER: {"type": "integer"},
    Shape.NUMBER: {"type": "number"},
    Shape.DATE: {"type": "string", "format": "date"},
    Shape.FLAG: {"type": "boolean"},
    Shape.CHOICE: {"type": "string"},
    Shape.URL: {"type": "string", "format": "uri"},
    Shape.CREDIT_CODE: {"type": "string", "pattern": "^[0-9A-HJ-NPQRTUWXY]{18}$"},
}
_CLOSED: Final[dict[str, list[str]]] = {"state": [str(each) for each in State], "kind": [str(each) for each in Kind]}
_ALWAYS: Final = ("site", "id", "kind", "key", "state", "declared", "first_seen", "last_seen", "org.name")
"""What every row has; `org.name` may be null."""
_NULLABLE: Final = frozenset({"org.name", "system.name"})


def names() -> tuple[str, ...]:
    """Every name `schema` knows: `asset.ip`, `register.filing`, ..."""
    return (*(f"{ASSET}{each}" for each in Kind), *(f"{REGISTER}{each}" for each in registers()))


def schema(name: str) -> Schema:
    """The JSON Schema of a row. Raises KeyError for an unknown name."""
    if name.startswith(REGISTER):
        return _register(name, registers()[name.removeprefix(REGISTER)])
    word = name.removeprefix(ASSET)
    if not name.startswith(ASSET) or word not in set(Kind):
        raise KeyError(name)
    return _asset(name, Kind(word))


def _asset(name: str, kind: Kind) -> Schema:
    fields = of_kind(kind)
    properties: Schema = {each.name: _field(each) for each in fields}
    properties |= {each: {"anyOf": [{"type": "string"}, {"type": "null"}]} for each in _NULLABLE if each in properties}
    return _head(name) | {
        "type": "object",
        "properties": properties,
        "required": [each for each in _ALWAYS if each in properties],
    }


def _field(field: Field) -> Schema:
    told: Schema = {"title": field.zh, "description": field.en + (f". {field.help}" if field.help else "")}
    told |= _TYPES[field.type]
    if field.name in _CLOSED:
        told["enum"] = _CLOSED[field.name]
    if field.derived is not None:
        told["readOnly"] = True
    return told


def _register(name: str, register: RegisterType) -> Schema:
    properties: Schema = {"key": {"type": "string"}}
    properties |= {each.name: _column(each) for each in register.columns}
    needed = ["key", *(each.name for each in register.columns if each.required)]
    about = {"title": register.zh, "description": f"{register.en}. {register.basis}"}
    return _head(name) | about | {"type": "object", "properties": properties, "required": needed}


def _column(column: RegisterColumn) -> Schema:
    told: Schema = {"title": column.zh, "description": column.en + (f". {column.help}" if column.help else "")}
    told |= _SHAPES[column.shape]
    if column.least is not None:
        told["minimum"] = column.least
    if column.most is not None:
        told["maximum"] = column.most
    if column.pattern:
        told["pattern"] = f"^(?:{column.pattern})$"
    if column.choices:
        told["enum"] = [word for each in column.choices for word in dict.fromkeys((each.zh, each.en))]
    if column.required:
        return told
    return {"anyOf": [told, {"type": "null"}]}


def _head(name: str) -> Schema:
    urn = f"urn:{SCHEMA.replace('/', ':')}:{name}"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": urn, "title": name}
