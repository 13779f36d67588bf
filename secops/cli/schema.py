"""`secops schema`."""

import json
from typing import Annotated

import typer

from secops.core.language import say

app = typer.Typer(rich_markup_mode=None)


@app.command(
    help=say(
        "例：secops schema\n\n例：secops schema asset.website -o website.schema.json\n\n"
        "输出记录的 JSON Schema；不写名称时列出全部名称",
        "Example: secops schema\n\nExample: secops schema asset.website -o website.schema.json\n\n"
        "JSON Schema of a record; without a name, the names",
    )
)
def schema(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help=say("记录名", "record"))] = "",
    *,
    out: Annotated[str, typer.Option("--out", "-o", help=say("输出文件，- 为标准输出", "file, - for stdout"))] = "-",
) -> None:
    """Write the schema. Raises UsageError for an unknown record."""
    from difflib import get_close_matches

    from secops.cli.show import opened
    from secops.core import asset_schema
    from secops.core.errors import UsageError
    from secops.core.schema import RECORDS
    from secops.core.schema import schema as described

    known = (*RECORDS, *asset_schema.names())
    if name and name not in known:
        near = get_close_matches(name, known, 1)
        raise UsageError(
            "E1003", say(f"没有记录 {name}", f"no record {name}"), hint=near[0] if near else ", ".join(known)
        )
    with opened(out) as stream:
        made = (described if name in RECORDS else asset_schema.schema)(name) if name else {}
        text = json.dumps(made, ensure_ascii=False, indent=2) if name else "\n".join(known)
        stream.write(text + "\n")
