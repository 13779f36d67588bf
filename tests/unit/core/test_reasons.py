"""Reasons that the program notes are told in the reader's language."""

import re
from pathlib import Path

import pytest

from secops.assets import machines
from secops.core.reasons import spoken

ROOT = Path(__file__).resolve().parents[3]


def test_a_noted_reason_is_told_in_chinese() -> None:
    """With its numbers and places."""
    assert spoken("3 complete runs in a row without answer") == "连续 3 次完整任务无应答"
    assert spoken("host keys alternate at its address 10.1.2.3") == "同一地址的主机密钥来回变换 10.1.2.3"
    assert spoken("it moves between machines") == "在多台主机间漂移"


def test_english_readers_have_it_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is translated twice."""
    monkeypatch.setenv("SECOPS_LANG", "en")
    assert spoken("seen again") == "seen again"


@pytest.mark.parametrize("said", ["http@1", "人员调整", "records of the year", ""])
def test_what_others_said_is_left_alone(said: str) -> None:
    """A collector, a person's words."""
    assert spoken(said) == said


def test_every_reason_of_the_rules_of_identity_is_known() -> None:
    """No English is left over for a Chinese reader, whatever doubt it is."""
    for each in machines._AGAINST.values():
        assert re.search(r"[\u4e00-\u9fff]", spoken(each)), each


def test_every_reason_of_a_turning_state_is_known() -> None:
    """The literal reasons in the code of the assets room."""
    code = "".join(each.read_text() for each in sorted((ROOT / "secops/assets").glob("*.py")))
    found = re.findall(r'drafts\.turn\(.*, "([a-z ]+)"\)', code)
    assert len(found) >= 6
    for each in found:
        assert re.search(r"[\u4e00-\u9fff]", spoken(each)), each


def test_the_end_of_a_run_ages_states_and_makes_machines() -> None:
    """The same note means that a thing was not seen where its state turned, and that it was put together elsewhere."""
    assert spoken("coverage") == "扫描范围内未见"
    assert spoken("coverage", "born") == spoken("coverage", "host.addresses") == "由扫描结果归并得出"
    assert spoken("inventory import 设备.xlsx!设备!4", "born") == "导入 设备.xlsx!设备!4"
