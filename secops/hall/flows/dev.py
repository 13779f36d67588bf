"""What a developer of this program begins with: a collector in one file, its line in dispatch, its test."""

import keyword
import re
import tomllib
from pathlib import Path

from secops.core.errors import UsageError
from secops.core.language import say

_NAME = re.compile(r"[a-z][a-z0-9_]{1,29}")
_COLLECTORS = Path("secops/discover/collectors")
_DISPATCH = _COLLECTORS / "dispatch.py"
_DRAFT = Path("secops/assets/draft.py")
_TESTS = Path("tests/unit/discover")
_LAST = "    service.COLLECTOR,\n)"
_IMPORTS = re.compile(r"from secops\.discover\.collectors import \(\n(?P<names>(?: {4}[a-z0-9_]+,\n)+)\)")
_PROTOCOLS = re.compile(r"(?P<head>PROTOCOLS: Final = frozenset\(\n {4}\{\n)(?P<names>(?: {8}\"[a-z0-9_]+\",\n)+)")

COLLECTOR = '''"""@NAME@: one line on what is asked, what it shows, and the source of the bytes (RFC, manual)."""

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors.exchange import asked
from secops.discover.collectors.interface import Collector, Reading, Talking, clean, decoded

LABEL = "@NAME@@1"
_QUESTION = b"@QUESTION@"
_MOST = 4_096


def ask(_target: Target) -> Talking:
    """One polite question on a fresh connection; what the answer says."""
    got = yield from asked(_QUESTION, _MOST)
    return Reading(LABEL, got.status) if isinstance(got, Failed) else parse(got)


def parse(data: bytes) -> Reading:
    """The reading of an answer. Any bytes may come here: none may raise, all text goes through `clean`."""
    facts: dict[str, Value] = {"service.name": "@NAME@"}
    # Where `data` is no answer of this protocol: return Reading(LABEL, Status.PROTOCOL_ERROR).
    # Otherwise add fields of core.fields, as facts["service.version"] = clean(decoded(data), 40), and return
    # Reading(LABEL, Status.SUCCESS, facts); what has no field goes into a fourth argument, `extra`.
    raise NotImplementedError("parse() is to be filled in", clean, decoded, facts, Status.SUCCESS, data)


COLLECTOR = Collector(
    "@NAME@", 1, "@NAME@", "@NAME@", (_QUESTION.decode("latin-1").strip(),), frozenset({@PORTS@}), ask=ask
)
'''

TEST = '''import pytest

from secops.core.model import Status, Target
from secops.discover.collectors import @NAME@

HERE = Target("198.18.0.1", @PORT@)
ANSWERS: tuple[tuple[bytes, dict[str, object]], ...] = (
    # What real servers answered, and the facts it gives; the version of the server beside each.
    (b"@NAME@ 1.0\\r\\n", {"service.name": "@NAME@"}),
)


@pytest.mark.parametrize(("answer", "facts"), ANSWERS)
def test_real_answers(player, answer, facts):
    """What a real server answers gives these facts."""
    reading = player(answer).run(@NAME@.ask(HERE))
    assert reading.status is Status.SUCCESS
    assert dict(reading.facts) | facts == dict(reading.facts)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\\r\\n\\r\\n", b"\\x00" * 40, b"SSH-2.0-x\\r\\n"])
def test_another_protocol(player, answer):
    """What speaks another protocol is not taken for this one."""
    reading = player(answer).run(@NAME@.ask(HERE))
    assert reading.status is Status.PROTOCOL_ERROR
    assert not reading.facts


def test_silence(player):
    """Silence is a status, not a fact."""
    assert not player(b"").run(@NAME@.ask(HERE)).facts
'''


def tree() -> Path:
    """The root of this program's source tree. Raises UsageError where it runs from anywhere else."""
    root = Path(__file__).resolve().parents[3]
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        project = ""
    if project != "yuedun-secops" or not (root / "tests/contract/test_collectors.py").is_file():
        raise UsageError(
            "E1440",
            say("这里不是本程序的源代码目录", "this is not the program's source tree"),
            where=str(root),
            why=say("采集器写进源代码，再随程序发布", "collectors are written into the source and shipped with it"),
            hint=say(
                "取源代码后在其中运行：python -m secops dev new collector 名字",
                "in a copy of the source: python -m secops dev new collector NAME",
            ),
        )
    return root


def new_collector(name: str, ports: tuple[int, ...], question: str) -> tuple[Path, ...]:
    """Write a collector of this name; the files written or changed. Nothing is changed when anything is wrong.

    Raises UsageError.
    """
    root = tree()
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise _refused(name, say("名字用小写字母、数字与下划线，字母开头", "lower-case letters, digits, underscores"))
    if not all(0 < port < 65_536 for port in ports) or len(ports) > 64:
        raise _refused(name, say("端口为 1 到 65535", "ports are 1 to 65535"))
    made = (root / _COLLECTORS / f"{name}.py", root / _TESTS / f"test_{name}.py")
    for each in made:
        if each.exists():
            raise _refused(name, say(f"已有 {each.name}", f"{each.name} is there already"))
    dispatch = _registered(root / _DISPATCH, name)
    draft = _protocol(root / _DRAFT, name)
    words = {
        "@NAME@": name,
        "@QUESTION@": _literal(question),
        "@PORTS@": ", ".join(map(str, ports)),
        "@PORT@": str(ports[0] if ports else 31_000),
    }
    for path, text in zip(made, (COLLECTOR, TEST), strict=True):
        for mark, word in words.items():
            text = text.replace(mark, word)  # noqa: PLW2901 - filled in mark by mark
        path.write_text(text.replace("frozenset({})", "frozenset()"), encoding="utf-8")
    (root / _DISPATCH).write_text(dispatch, encoding="utf-8")
    (root / _DRAFT).write_text(draft, encoding="utf-8")
    return (*made, root / _DISPATCH, root / _DRAFT)


def _literal(question: str) -> str:
    r"""The inside of a bytes literal; `\r\n` and the like are taken as they are written."""
    try:
        data = question.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1")
    except (UnicodeError, ValueError) as error:
        raise _refused(question[:40], str(error)) from error
    return repr(data)[2:-1].replace('"', '\\"')


def _registered(path: Path, name: str) -> str:
    """The text of dispatch with the collector imported and listed before the last resort."""
    text = path.read_text(encoding="utf-8")
    found = _IMPORTS.search(text)
    if found is None or text.count(_LAST) != 1:
        raise _unreadable(path)
    names = sorted({*found["names"].split(), f"{name},"})
    listed = "from secops.discover.collectors import (\n" + "".join(f"    {each}\n" for each in names) + ")"
    text = text[: found.start()] + listed + text[found.end() :]
    return text.replace(_LAST, f"    {name}.COLLECTOR,\n{_LAST}")


def _protocol(path: Path, name: str) -> str:
    """The text of assets' draft with the name among protocols that exclude each other on one port."""
    text = path.read_text(encoding="utf-8")
    found = _PROTOCOLS.search(text)
    if found is None:
        raise _unreadable(path)
    return text[: found.end()] + f'        "{name}",\n' + text[found.end() :]


def _unreadable(path: Path) -> UsageError:
    return UsageError(
        "E1442", say("找不到登记采集器的位置", "the place where collectors are listed is not found"), where=str(path)
    )


def _refused(name: str, why: str) -> UsageError:
    return UsageError("E1441", say("不能新建这个采集器", "this collector cannot be made"), where=name[:60], why=why)
