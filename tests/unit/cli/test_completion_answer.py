"""What a Tab offers: by the command, out of the workspace, quickly, and never an error."""

import os
import pty
import select
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from secops.cli.completion import Shell, script
from secops.cli.completion_answer import PLACES, answer, offers, split
from secops.cli.main import main
from secops.core.clock import Instant
from secops.core.model import Decision, DecisionType, Entity, Kind
from secops.store import decisions, entities
from secops.store.database import Database
from secops.store.migrate import upgrade

pytestmark = pytest.mark.sqlite  # a glimpse is read from the file of an embedded store alone

NOW = Instant(1_750_000_000_000)
SITE = Entity(Kind.WEBSITE, "gd", "http://a.example:80", NOW, NOW, facts={"http.server": "TongWeb Server"})


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "secops.toml").write_text('site = "gd"\n', encoding="utf-8")
    database = Database.file(tmp_path / "secops.db")
    upgrade(database)
    with database.write() as connection:
        entities.put(connection, {SITE.id: SITE})
        saved = [("甲", {"query": "a"}), ("乙", {"query": "b"}), ("乙", {"query": "b", "removed": True})]
        decisions.append(
            connection,
            [
                Decision("gd", DecisionType.SAVE, f"filter:{name}", payload, "x", Instant(NOW + i))
                for i, (name, payload) in enumerate(saved)
            ],
        )
    database.close()
    monkeypatch.setenv("SECOPS_WORKSPACE", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("secops inventory list kind:website\\ ser", "kind:website server:"),
        ("secops inventory list 'server:", 'server:"TongWeb Server"'),
        ("secops inventory facets http.ti", "http.title"),
        ("secops inventory list x --sort last", "last_seen"),
        ("secops inventory list --kind web", "website"),
        ("secops inventory count saved:", "saved:甲"),
        ("secops inventory filter show ", "甲"),
        ("secops inventory show http://", SITE.key),
        (f"secops inventory show {SITE.id[:10]}", SITE.id),
        ("secops rules show database", "database-exposed"),
        ("secops -w . inventory list po", "port:"),
    ],
)
def test_the_command_says_what_its_words_are(line: str, offered: str) -> None:
    """Queries, fields, ids, rules and saved filters, each where it may stand."""
    assert offered in [text for text, _ in offers(line)]


@pytest.mark.usefixtures("workspace")
def test_bash_gets_what_goes_on_where_it_split(capsys: pytest.CaptureFixture[str]) -> None:
    """After a colon only the rest, outside of quotes with backslashes, inside them as it is."""
    assert answer("bash", "secops inventory list server:To", "To") == 0
    assert answer("bash", "secops inventory list 'server:To", "server:To") == 0
    assert [each.partition("\t")[0] for each in capsys.readouterr().out.splitlines()] == [
        '\\"TongWeb\\ Server\\"',
        'server:"TongWeb Server"',
        'server:"TongWeb Server" ',
    ]
    assert "乙" not in [text for text, _ in offers("secops inventory filter show ")]


def test_nothing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No workspace, a broken database, no such command: silence."""
    monkeypatch.setenv("SECOPS_WORKSPACE", str(tmp_path))
    (tmp_path / "secops.toml").write_text("", encoding="utf-8")
    (tmp_path / "secops.db").write_bytes(b"no database")
    for line in ("secops inventory show a", "secops nothing x", "secops", "", "secops inventory list 'server:"):
        assert main(["__complete", "fish", line]) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")


def test_words_are_split_as_a_shell_does() -> None:
    """Quotes open or closed, backslashes, an empty last word."""
    assert split("a 'b c' d\\ e \"f\\\"g") == ["a", "b c", "d e", 'f"g']
    assert split("a ") == ["a", ""]
    assert split("a ''") == ["a", ""]


def test_every_query_of_a_command_is_completed() -> None:
    """A command that takes a query, an asset, a run or a rule stands in the table, at the right place."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
    from reference import commands  # type: ignore[import-not-found]

    for words, command in commands():
        if getattr(command, "commands", {}):
            continue
        arguments = [each.name for each in command.params if each.param_type_name == "argument"]
        for length in (2, 3):
            places = PLACES.get(" ".join(words.split()[:length]))
            if places is not None:
                break
        for at, name in enumerate(arguments):
            if name == "query":
                skipped = len(words.split()) - length if places is not None else 0
                assert places is not None, words
                assert places[at + skipped] == "query", words


def test_scripts_ask_back() -> None:
    """Each shell's script hands the line to `secops __complete`."""
    for shell in Shell:
        assert f"__complete {shell}" in script(shell)
    assert (
        '_secops "$@"' in script(Shell.ZSH).splitlines()[-1]
    )  # a function zsh loads at the first Tab answers that one


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("secops inv", ["inventory"]),
        ("secops inventory cou", ["count"]),
        ("secops -w . inventory review ac", ["accept"]),
        ("secops report make topo", ["topology"]),
        ("secops completion b", ["bash"]),
        ("secops inventory list --a", ["--after", "--at"]),
        ("secops inventory list --at 2026-01-01 --a", ["--after"]),
        ("secops report make targets --sc", ["--scope"]),
        ("secops inventory list -f j", ["json", "jsonl"]),
        ("secops inventory list --kind=ho", ["--kind=host"]),
        ("secops inventory list --columns key,org.na", ["key,org.name"]),
        ("secops inventory export --columns key,org.na", ["key,org.name"]),
        ("secops inventory export --colu", ["--columns"]),
        ("secops inventory list --lang e", ["en"]),
        ("secops inventory list --sort -last_s", ["-last_seen"]),
        ("secops inventory list -- -tag", ["-tags:", "-tag:", "-tag=", "-tag!="]),
    ],
)
def test_verbs_options_and_choices_are_those_of_the_commands(line: str, offered: list[str]) -> None:
    """Whatever the command line takes is offered at its place, an option once."""
    assert sorted(text for text, _ in offers(line)) == sorted(offered)


def test_an_option_is_whole_and_an_open_quote_stays_open(capsys: pytest.CaptureFixture[str]) -> None:
    """A space follows an option; an only offer in quotes has a longer one beside it, so that no shell closes them."""
    answer("bash", "secops inventory list --so", "--so")
    answer("bash", "secops inventory list 'runs-on:(kind:ho", "runs-on:(kind:ho")
    told = [each.partition("\t")[0] for each in capsys.readouterr().out.splitlines()]
    assert told == ["--sort ", "runs-on:(kind:host", "runs-on:(kind:host)"]


@pytest.mark.parametrize("typed", ["secops inventory list --so", "secops inventory list 'runs-on:(kind:ho"])
def test_a_real_bash_puts_it_on_the_line(typed: str) -> None:
    """What bash itself makes of the script's answer: the option with a space, the quote still open."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")
    shown = _typed(bash, typed)
    assert ("--sort " if "--so" in typed else "'runs-on:(kind:host") in shown
    assert "host'" not in shown


def _typed(bash: str, text: str) -> str:
    """What a bash on a terminal shows when the text and a Tab are typed."""
    pid, terminal = pty.fork()
    if not pid:
        os.environ.update(TERM="dumb", LANG="C.UTF-8", PS1="> ", INPUTRC="/dev/null")
        os.execv(bash, [bash, "--norc", "--noprofile"])
    try:
        asked = f'secops() {{ PYTHONPATH="{Path(__file__).parents[3]}" "{sys.executable}" -m secops "$@"; }}\n'
        os.write(terminal, (asked + script(Shell.BASH)).replace("\t", " ").encode() + b"echo rea''dy\n")
        _until(terminal, "ready\r\n")
        os.write(terminal, text.encode() + b"\t")
        return _until(terminal, "--sort " if "--so" in text else "kind:host")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.close(terminal)
        os.waitpid(pid, 0)


def _until(terminal: int, wanted: str) -> str:
    """What is shown up to these words, and in the half second after."""
    shown, end = "", time.monotonic() + 20
    while (left := end - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            shown += os.read(terminal, 65536).decode(errors="replace").replace("\a", "")
        if wanted in shown and end > time.monotonic() + 0.5:
            end = time.monotonic() + 0.5
    return shown
