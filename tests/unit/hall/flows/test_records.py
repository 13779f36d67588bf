"""Registers: from inventory files and by hand, what they tell of systems, and the same after a rebuild."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock, parse
from secops.core.errors import Forbidden, UsageError
from secops.core.events import Note, Summary
from secops.core.model import Value
from secops.hall.app import App
from secops.hall.flows import inventory, register
from secops.hall.flows.declare import declare
from secops.hall.flows.history import history
from secops.hall.workspace import Workspace
from secops.store import decisions

TEXT = """
organisations:
  - {id: FIN, name: 财政局, credit_code: 91350100M000100Y43}
systems:
  - {code: S1, name: 预算系统, organisation: FIN, level: 3}
suppliers:
  - {name: 甲公司}
contracts:
  - {number: HT-1, name: 运维, supplier: 甲公司, systems: [预算系统], ends_on: 2025-06-30}
filings:
  - {system: 预算系统, level: 3, number: 44010000001-00001, filed_on: 2024-05-06}
certifications:
  - {system: S1, type: 等保测评, done_on: 2025-03-01, conclusion: 基本符合}
  - {system: S1, type: 密评, done_on: 2025年4月2日}
"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A workspace in which the file above is declared."""
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(1_750_000_000_000))) as opened:  # 2025-06-15
        _write(opened, TEXT)
        summary, notes = _declare(opened)
        assert summary.complete
        assert notes == []
        yield opened


def _write(app: App, text: str) -> None:
    (app.workspace.inventory / "all.yaml").write_text(text, encoding="utf-8")


def _declare(app: App) -> tuple[Summary, list[str]]:
    events = list(declare(app, who="甲"))
    summary = events[-1]
    assert isinstance(summary, Summary)
    return summary, [each.text for each in events if isinstance(each, Note)]


def _system(app: App) -> dict[str, Value]:
    return dict(inventory.show(app, "S1").values)


def test_rows_are_kept_and_tell_of_their_system(app: App) -> None:
    """Names lead to keys, words to their value; filing and assessments reach the system's own facts."""
    (filing,) = register.listed(app, "filing")
    assert filing["key"] == "S1"
    assert filing["valid_until"] == "2029-01-01"  # three years from 2025-01-01, and one for the assessment
    facts = _system(app)
    assert facts["system.filing_no"] == "44010000001-00001"
    assert facts["system.filing_valid_until"] == parse("2029-01-01")
    assert facts["system.assessed_on"] == parse("2025-03-01")
    assert facts["system.crypto_assessed_on"] == parse("2025-04-02")
    assert facts["system.suppliers"] == ("甲公司",)
    (row,) = register.listed(app, "contract", within=30)
    assert row["state"] == "valid"
    assert list(register.listed(app, "contract", within=10)) == []


def test_a_rebuild_gives_the_same_registers(app: App) -> None:
    """Rows and what they tell are a fold of the decisions."""
    register.put(app, "contract", "HT-1", ["ends_on=2027-01-01", "systems="], who="乙")
    before = inventory.digest(app)
    (summary,) = [each for each in inventory.rebuild(app) if isinstance(each, Summary) and each.kind == "rebuild"]
    assert summary.counts["same_digest"] == 1
    assert inventory.digest(app) == before
    assert "system.suppliers" not in {name for name, value in _system(app).items() if value is not None}


def test_a_withdrawn_row_no_longer_tells(app: App) -> None:
    """The system's own declaration comes out from behind it, or nothing does."""
    register.withdraw(app, "filing", "S1", who="乙", reason="撤销备案")
    facts = _system(app)
    assert facts.get("system.filing_no") is None
    assert facts["system.level"] == 3
    told = list(register.history(app, "filing", "S1"))
    assert [each["what"] for each in told] == ["declare", "withdraw"]
    assert told[-1]["who"] == "乙"


def test_what_was_changed_by_hand_stands_until_the_file_says_otherwise(app: App) -> None:
    """Declaring the same files again does not undo an edit; changing the file does."""
    register.put(app, "supplier", "甲公司", ["risk=高", "services+=运维、驻场"], who="乙")
    assert _declare(app)[0].counts["changed"] == 0
    assert register.show(app, "supplier", "甲公司")["risk"] == "高"
    _write(app, TEXT.replace("{name: 甲公司}", "{name: 甲公司, risk: 低}"))
    assert _declare(app)[0].counts["changed"] == 1
    row = register.show(app, "supplier", "甲公司")
    assert (row["risk"], row["services"]) == ("低", None)


def test_rows_put_by_hand_are_not_withdrawn_with_the_files(app: App) -> None:
    """Files withdraw what files said, and nothing else."""
    register.put(app, "supplier", "", ["name=乙公司"], who="乙")
    _write(app, TEXT.replace("suppliers:\n  - {name: 甲公司}\n", "").replace("supplier: 甲公司", "supplier: 乙公司"))
    summary, notes = _declare(app)
    assert notes == []
    assert summary.counts["withdrawn"] == 1
    assert [each["key"] for each in register.listed(app, "supplier")] == ["乙公司"]


def test_a_row_put_again_without_its_key_is_the_same_row(app: App) -> None:
    """What was said of it before stays, though its key was not given."""
    register.put(app, "backup", "", ["system=预算系统", "object=库", "rpo_minutes=60"], who="乙")
    register.put(app, "backup", "", ["system=预算系统", "object=库", "rto_minutes=２４０"], who="乙")
    (row,) = register.listed(app, "backup")
    assert (row["key"], row["rpo_minutes"], row["rto_minutes"]) == ("S1/库", 60, 240)


def test_a_column_where_the_key_belongs_is_a_column(app: App) -> None:
    """Who leaves the key out need not write that it is empty."""
    done = register.put(app, "supplier", "供应商名称=乙公司", ["risk=高"], who="乙")
    assert (done.subject, done.what) == ("supplier:乙公司", "declared")
    assert register.show(app, "supplier", "乙公司")["risk"] == "高"


def test_a_duty_waits_for_a_second_person(app: App) -> None:
    """Who proposes cannot approve; the approved row is in force, the rejected one is not."""
    words = ["organisation=财政局", "role=主管单位", "person=张三"]
    done = register.put(app, "duty", "", words, who="甲")
    assert done.what == "proposed"
    assert list(register.listed(app, "duty")) == []
    with pytest.raises(Forbidden):
        register.answer(app, done.proposal, yes=True, who="甲")
    assert register.answer(app, done.proposal, yes=True, who="乙").what == "approved"
    (row,) = register.listed(app, "duty")
    assert (row["organisation"], row["role"], row["person"]) == ("FIN", "主管单位", "张三")
    later = register.put(app, "duty", str(row["key"]), ["person=李四"], who="乙")
    assert [each["id"] for each in register.pending(app)] == [later.proposal]
    register.answer(app, later.proposal, yes=False, who="甲", note="不符")
    assert register.show(app, "duty", str(row["key"]))["person"] == "张三"
    with pytest.raises(UsageError):
        register.answer(app, later.proposal, yes=True, who="甲")
    whats = [each["what"] for each in register.history(app, "duty", str(row["key"]))]
    assert whats == ["propose", "approve", "declare", "propose", "approve"]
    assert app.audit.path.read_text(encoding="utf-8").count("register.answered") == 2


@pytest.mark.parametrize(
    ("type", "words", "why"),
    [
        ("supplier", ["name=x", "credit_code=91350100M000100Y44"], "校验码应为 3"),
        ("supplier", ["risk=低"], "缺少标识：供应商名称"),
        ("contract", ["name=x", "supplier=无此公司"], "没有登记的供应商"),
        ("contract", ["name=x", "supplier=甲公司", "ends_on=2026-13-01"], "2026-01-31"),
        ("contract", ["name=x", "supplier=甲公司", "staff_on_site=-1"], "0"),
        ("backup", ["system=S1", "recovery_level=7"], "6"),
        ("certification", ["system=S1", "type=体检", "done_on=2026-01-01"], "等保测评"),
        ("repository", ["url=https://u:p@h/x"], "口令"),
    ],
)
def test_what_is_wrong_is_told(app: App, type: str, words: list[str], why: str) -> None:
    """The reason says what would be right, and nothing is recorded."""
    before = inventory.digest(app)
    with pytest.raises(UsageError) as caught:
        register.put(app, type, "", words, who="甲")
    assert why in str(caught.value.why)
    assert inventory.digest(app) == before


def test_a_column_or_register_misspelt_is_told_with_the_nearest(app: App) -> None:
    """A typo costs nothing."""
    with pytest.raises(UsageError, match="suplier"):
        register.put(app, "suplier", "", ["name=x"], who="甲")
    with pytest.raises(UsageError) as caught:
        register.put(app, "supplier", "", ["nam=x"], who="甲")
    assert "name" in str(caught.value.hint)


def test_evidence_is_kept_as_name_and_digest(app: App, tmp_path: Path) -> None:
    """What was signed can be proven later."""
    path = tmp_path / "责任书.pdf"
    path.write_bytes(b"x")
    register.put(app, "training", "", ["title=t", "type=培训", "held_on=20250102", f"evidence=@{path}"], who="甲")
    (row,) = register.listed(app, "training")
    assert row["held_on"] == "2025-01-02"
    assert row["evidence"] == ["责任书.pdf sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"]


def test_units_in_a_circle_are_left_out(app: App) -> None:
    """Nobody is their own superior."""
    _write(app, TEXT + "  - {system: S1, type: 其他, done_on: 2025-01-01}\n")
    text = "organisations:\n  - {id: A, name: a, parent: B}\n  - {id: B, name: b, parent: A}\n  - {id: C, name: c}\n"
    (app.workspace.inventory / "units.yaml").write_text(text, encoding="utf-8")
    summary, notes = _declare(app)
    assert len(notes) == 2
    assert all("成环" in each and " → " in each for each in notes)
    assert summary.counts["declared"] == 2


def test_each_fact_of_a_system_names_the_row_that_tells_it(app: App) -> None:
    """The filing's number is the filing's, the supplier the contract's, whatever row of them came last."""
    register.put(app, "certification", "", ["system=S1", "type=密评", "done_on=2025-05-01"], who="乙")
    sources = {name: each.get("decision") for name, each in inventory.show(app, "S1").sources.items()}
    assert sources["system.filing_no"] == sources["system.filing_valid_until"] == "filing:S1"
    assert sources["system.suppliers"] == "contract:HT-1/运维"
    assert sources["system.assessed_on"] == "certification:S1/djbh/2025-03-01"
    assert sources["system.crypto_assessed_on"] == "certification:S1/miping/2025-05-01"
    assert sources["system.level"] == "system:S1"


def test_each_fact_of_a_system_names_the_row_that_changed_it(app: App) -> None:
    """Of rows declared together each is the source of what it changed, whichever came last."""
    text = TEXT.replace("systems:\n", "systems:\n  - {code: A9, name: 其它, organisation: FIN, level: 2}\n")
    text = text.replace("level: 3, number: 44010000001-00001", "level: 2, number: 44010000001-00002")
    text = text.replace("done_on: 2025-03-01", "done_on: 2025-05-01")
    text += "  - {system: A9, type: 等保测评, done_on: 2025-03-03}\n"
    _write(app, text)
    assert _declare(app)[0].complete
    with app.database.read() as connection:
        told = {
            str(row["field"]): decision.subject.partition(":")[0::2]
            for row in history(app, "S1")
            if (decision := decisions.by_seq(connection, int(str(row["seq"])))) is not None
        }
    assert told["system.filing_no"] == ("filing", "S1")
    assert told["system.assessed_on"][0] == "certification"
    assert told["system.assessed_on"][1].startswith("S1")
    assert [each for each in inventory.rebuild(app) if isinstance(each, Summary)][-1].counts["same_digest"] == 1
