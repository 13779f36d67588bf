"""Bills of materials of a system or repository: a newer one replaces the older, what it lacks is withdrawn."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from secops.core.errors import UsageError
from secops.core.events import Note
from secops.core.language import say
from secops.core.model import Skipped
from secops.hall.app import App
from secops.hall.flows.ledger_settle import Settled
from secops.hall.flows.ledger_spool import Spool
from secops.intake import sbom
from secops.intake.sheet_rows import Read
from secops.store import records

KIND: Final = "component"


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a bill does to the one before it."""

    gone: tuple[str, ...] = ()
    """Subjects it no longer lists."""
    held: frozenset[str] = frozenset()
    """Subjects both list: which bill told them first stays."""
    notes: tuple[Note, ...] = ()


def is_bill(path: Path) -> bool:
    """Whether the file is a bill of materials; a file that cannot be read is none."""
    try:
        with path.open("rb") as stream:
            return sbom.sniff(stream.read(sbom.HEAD))
    except OSError:
        return False


def about(system: str, repository: str, files: Sequence[Path]) -> dict[str, str]:
    """Of what the bills are. Raises UsageError where nobody says it."""
    found = {name: word for name, word in (("system", system), ("repository", repository)) if word}
    if not found:
        raise UsageError(
            "E1384",
            say("没有写物料清单属于哪个系统或代码仓库", "of which system or repository is this bill of materials?"),
            where=", ".join(str(each) for each in files[:5]),
            hint=say("加 --system 系统 或 --repository 仓库地址", "add --system or --repository"),
        )
    return found


def fill(spool: Spool, path: Path, of: Mapping[str, str], digest: str) -> Note:
    """Read a bill's components; gives what to tell of it. Raises InvalidFile."""
    before = spool.count
    for each in sbom.read(path, of, digest):
        spool.add(each)
    owner = "、".join(of.values())
    count = spool.count - before
    return Note(
        say(f"{path.name}: {owner} 的物料清单，{count:,} 个组件", f"{path.name}: bill of {owner}, {count:,} components")
    )


def replaced(app: App, spool: Spool, settled: Settled, of: Mapping[str, str]) -> Replaced:
    """What bills in force said of the same system and repository against what these say."""
    try:
        system, repository = (
            settled.directory.key(kind, of[kind]) if kind in of else "" for kind in ("system", "repository")
        )
    except ValueError:
        return Replaced()  # each row tells that nobody declared it
    now, whole = _subjects(settled, spool)
    with app.database.read() as connection:
        found = records.listed(connection, app.site, KIND, system=system)
        before = {
            f"{KIND}:{each.key}"
            for each in found
            if each.fields.get("sbom") and each.system == system and each.fields.get("repository", "") == repository
        }
    if not whole:
        text = say(
            "有组件未采纳，旧清单里的组件暂不撤销", "components were left out: none of the older bill is withdrawn"
        )
        return Replaced((), frozenset(before & now), (Note(text, warning=True),))
    return Replaced(tuple(sorted(before - now)), frozenset(before & now))


def _subjects(settled: Settled, spool: Iterable[object]) -> tuple[set[str], bool]:
    """The components' subjects, and whether every component could be read."""
    found: set[str] = set()
    whole = True
    for each in spool:
        if isinstance(each, Skipped):
            whole = False
        elif isinstance(each, Read) and each.section == "components":
            try:
                found.add(settled.thing(each).subject)
            except ValueError:
                whole = False
    return found, whole
