import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TWINS = {"zh": ROOT / "README.md", "en": ROOT / "README.en.md"}


@pytest.mark.parametrize("language", TWINS)
def test_the_command_reference_is_what_the_commands_say(language: str) -> None:
    """Each README lists every command as its own help does; `make docs` renews it."""
    made = subprocess.run(
        [sys.executable, str(ROOT / "tests/docs/reference.py"), "--check", language],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": ""}, check=False,
    )  # fmt: skip
    assert made.returncode == 0, "run: make docs"


def _table(text: str, head: str) -> dict[str, list[str]]:
    start = text.index(head)
    rows = [line for line in text[start:].split("\n\n", maxsplit=1)[0].splitlines() if line.startswith("| ")]
    return {
        cells[0].strip("` "): cells[1:] for cells in ([c.strip() for c in row.strip("|").split("|")] for row in rows)
    }


def _licence(name: str) -> str:
    about = metadata.metadata(name)
    told = about.get("License-Expression") or about.get("License") or ""
    classified = [each for each in about.get_all("Classifier") or [] if each.startswith("License ::")]
    told = told or next((each.rpartition(" :: ")[2].removesuffix(" License") for each in classified), "")
    return {"gpl-3.0.txt": "GPL-3.0"}.get(told, told)


@pytest.mark.parametrize("language", TWINS)
def test_every_dependency_stands_in_the_table_with_its_licence_and_reason(language: str) -> None:
    """The table holds just the dependencies of pyproject.toml, the licence their metadata names, and why each is."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[<>=~! ]", each)[0] for each in project["dependencies"]}
    head = "| 依赖 |" if language == "zh" else "| dependency |"
    rows = _table(TWINS[language].read_text(encoding="utf-8"), head)
    rows = {
        name: cells for name, cells in rows.items() if name in names or not name.startswith(("依赖", "dependency", "-"))
    }
    assert set(rows) == names
    for name, (licence, reason) in rows.items():
        assert licence == _licence(name), name
        assert len(reason) > 5, name


@pytest.mark.parametrize("language", TWINS)
def test_every_extra_stands_in_its_table_with_licence_and_reason(language: str) -> None:
    """Optional dependencies are told apart from the others, with the same care."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    names = {re.split(r"[\[<>=~!; ]", each)[0] for part in extras.values() for each in part}
    head = "| 可选依赖 |" if language == "zh" else "| optional dependency |"
    rows = _table(TWINS[language].read_text(encoding="utf-8"), head)
    told = {name: cells for name, cells in rows.items() if not name.startswith((head.strip("| "), "-"))}
    assert set(told) == names
    for name, (licence, reason) in told.items():
        assert licence == _licence(name), name
        assert len(reason) > 5, name


@pytest.mark.parametrize("language", TWINS)
def test_links_and_named_files_exist(language: str) -> None:
    """Whatever file of the project a README links to is there."""
    text = TWINS[language].read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).exists(), target


def test_both_readmes_show_the_two_commands_and_the_path() -> None:
    """The two commands, the first scan and the picture of the path stand in both languages."""
    for path in TWINS.values():
        text = path.read_text(encoding="utf-8")
        for words in ("make demo", "make test", "secops scope sign", "secops discover run", "```mermaid"):
            assert words in text, (path.name, words)


def test_every_exit_code_is_explained() -> None:
    """`secops explain exit-codes` knows each code the program can end with, and so does the README."""
    from secops.cli.explain import EXITS
    from secops.core.errors import Exit

    assert set(EXITS) == {int(each) for each in Exit}
    for path in TWINS.values():
        text = path.read_text(encoding="utf-8")
        assert all(f"`{int(each)}`" in text for each in Exit), path.name


def test_every_dependency_is_imported_somewhere() -> None:
    """Nothing is installed that the program does not use."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    modules = {"pysigma": "sigma", "python-nmap": "nmap", "pyyaml": "yaml", "python-dateutil": "dateutil"}
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "secops").rglob("*.py"))
    for each in project["dependencies"]:
        name = re.split(r"[<>=~! ]", each)[0]
        assert re.search(rf"^\s*(?:import|from) {modules.get(name, name)}\b", code, re.MULTILINE), name
