"""Is this machine ready? One line a check, each with what to try where it is not."""

import os
import resource
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from secops.core.clock import SystemClock, render
from secops.core.errors import SecopsError
from secops.core.language import say
from secops.hall.app import App
from secops.hall.config import load
from secops.hall.flows.unmerged import unmerged
from secops.hall.workspace import Workspace

LIBRARIES = ("scapy", "python-nmap", "elasticsearch", "PyYAML", "typer", "SQLAlchemy", "numpy", "cryptography")
EXTRAS = (
    ("identify", ("hyperscan", "pcre2"), "全速识别服务", "services identified at full speed"),
    ("mirror", ("duckdb", "pyarrow", "adbc_driver_sqlite"), "列式镜像", "the columnar mirror"),
    ("postgres", ("psycopg",), "PostgreSQL 作库", "a store on PostgreSQL"),
    (
        "reports",
        ("docxtpl", "rustpy_xlsxwriter", "weasyprint", "pyarrow"),
        "Word、PDF 与大表格",
        "Word, PDF, big sheets",
    ),
    ("sheets", ("python_calamine",), "读入 Excel 台账", "ledgers in Excel's formats"),
)
"""Extra of the package, what it brings, what it gives."""
CAP_NET_RAW = 13
BUILT = 1_767_225_600_000
"""2026-01-01: no clock of a working machine stands before it."""
ROOM = 1 << 30
FILES = 1_024

GOOD, WARN, BAD = "ok", "warning", "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: `state` is ok, warning (works, with less) or bad (something will not work)."""

    name: str
    state: str
    found: str
    hint: str = ""


def checks(workspace: Workspace | None) -> Iterator[Check]:
    """Every check, the machine's first, then the workspace's where there is one."""
    yield _python()
    yield from _libraries()
    yield from _extras()
    yield _raw()
    yield _nmap()
    yield _probes()
    yield _files()
    yield _time()
    yield _disk(workspace.root if workspace else Path.cwd())
    if workspace is None:
        hint = say("secops init 目录 新建一个", "secops init DIR makes one")
        yield Check(say("工作区", "workspace"), WARN, say("不在工作区内", "none here"), hint)
        return
    yield Check(say("工作区", "workspace"), GOOD, str(workspace.root))
    yield _database(workspace)
    yield _trust(workspace)
    yield _keys(workspace)


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= (3, 11)
    return Check("Python", GOOD if good else BAD, found, "" if good else say("需要 3.11 以上", "3.11 or newer"))


def _libraries() -> Iterator[Check]:
    for name in LIBRARIES:
        try:
            yield Check(name, GOOD, metadata.version(name))
        except metadata.PackageNotFoundError:
            hint = "pip install --require-hashes -r requirements.lock"
            yield Check(name, BAD, say("未安装", "not installed"), hint)


def _extras() -> Iterator[Check]:
    """What is installed of the optional parts, and what each gives."""
    for name, modules, zh, en in EXTRAS:
        lacking = [each for each in modules if find_spec(each) is None]
        title = say(f"可选：{zh}", f"optional: {en}")
        if lacking:
            told = say(f"未安装（缺 {', '.join(lacking)}）", f"not installed ({', '.join(lacking)})")
            yield Check(title, WARN, told, f"pip install 'yuedun-secops[{name}]'")
        else:
            yield Check(title, GOOD, name)


def _raw() -> Check:
    name = say("原始套接字", "raw sockets")
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        mask = int(next(line for line in status.splitlines() if line.startswith("CapEff:")).split()[1], 16)
    except (OSError, StopIteration, ValueError):
        mask = 0
    if mask >> CAP_NET_RAW & 1:
        return Check(name, GOOD, "CAP_NET_RAW")
    hint = say(
        "可用普通连接方式；要用 SYN 引擎：sudo setcap cap_net_raw+ep $(readlink -f .venv/bin/python)",
        "the connect engine works; for SYN: sudo setcap cap_net_raw+ep $(readlink -f .venv/bin/python)",
    )
    return Check(name, WARN, say("没有 CAP_NET_RAW", "no CAP_NET_RAW"), hint)


def _nmap() -> Check:
    found = shutil.which("nmap")
    hint = say("深度识别与服务探针需要：apt-get install nmap", "for the deep look and its probes: apt-get install nmap")
    return Check("nmap", GOOD if found else WARN, found or say("未安装", "not installed"), "" if found else hint)


def _probes() -> Check:
    """The probe file is read whole, so a damaged one shows here rather than in a run."""
    from secops.discover.probes.file import find, load
    from secops.discover.probes.matchers import missing

    name = say("服务探针", "service probes")
    path = find()
    if not path:
        return Check(name, WARN, say("只有自带的少量探针", "our own few only"), "apt-get install nmap")
    try:
        counts = load(path).counts()
    except SecopsError as error:
        return Check(name, BAD, str(error), error.hint)
    told = say(
        f"{path}：{counts['probes']} 个探针，{counts['matches']} 条指纹",
        f"{path}: {counts['probes']} probes, {counts['matches']} patterns",
    )
    lacking = missing()
    return Check(name, WARN if lacking else GOOD, told, lacking[0] if lacking else "")


def _files() -> Check:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    good = soft == resource.RLIM_INFINITY or soft >= FILES
    hint = "" if good else "ulimit -n 4096"
    return Check(say("可打开文件数", "open files"), GOOD if good else WARN, str(soft), hint)


def _time() -> Check:
    now = SystemClock().now()
    good = now > BUILT
    hint = "" if good else say("校准系统时间，授权书的有效期靠它判断", "set the clock: scopes expire by it")
    return Check(say("系统时间", "clock"), GOOD if good else BAD, render(now), hint)


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    hint = "" if free >= ROOM else say("至少留出 1 GiB", "leave at least 1 GiB free")
    return Check(say("剩余磁盘", "free disk"), GOOD if free >= ROOM else WARN, f"{free / (1 << 30):.1f} GiB", hint)


def _database(workspace: Workspace) -> Check:
    from secops.store.check import problems, settings

    name = say("数据库", "database")
    embedded = not load(workspace.config).text("store.url")
    if embedded and not workspace.database.exists():
        return Check(name, GOOD, say("尚未建立，首次使用时自动建立", "not made yet; the first use makes it"))
    try:
        with App(workspace) as app:
            found = problems(app.database)
            where = app.database.where
            harmful = [each for each in found if each not in settings(app.database)]
            left = unmerged(app)
    except SecopsError as error:
        return Check(name, BAD, str(error), error.hint)
    if harmful:
        return Check(name, BAD, harmful[0], say("从备份恢复", "restore a backup"))
    if left is not None:
        return Check(name, WARN, *left)
    hint = say("在服务器的 postgresql.conf 里打开它，再重新载入配置", "turn it on in postgresql.conf and reload")
    return Check(name, BAD if found else GOOD, found[0] if found else where, hint if found else "")


def _trust(workspace: Workspace) -> Check:
    many = len(list(workspace.trust.glob("*.pub")))
    hint = "" if many else say(
        "把签发人的公钥放进 trust/，否则任何授权书都不被承认", "put issuers' public keys into trust/"
    )  # fmt: skip
    return Check(say("信任的公钥", "trusted keys"), GOOD if many else WARN, str(many), hint)


def _keys(workspace: Workspace) -> Check:
    name = say("私钥权限", "private keys")
    loose = [path.name for path in workspace.keys.glob("*") if path.is_file() and path.stat().st_mode & 0o077]
    if loose:
        return Check(name, BAD, ", ".join(sorted(loose)), f"chmod 600 {workspace.keys}/*")
    return Check(name, GOOD, say("仅本人可读", "for their owner alone") if os.name == "posix" else "")
