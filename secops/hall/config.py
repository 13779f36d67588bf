"""Settings, each with the place it came from: flag > SECOPS_* > workspace secops.toml > user > /etc > default.

An unknown key is an error that names the nearest known one. Secrets are never settings: a setting may name a file.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from secops.core.errors import InvalidFile
from secops.core.language import say

Scalar = str | int | bool | list[str]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its dotted name, default and meaning."""

    name: str
    default: Scalar
    zh: str
    en: str

    @property
    def env(self) -> str:
        """Its environment variable."""
        return "SECOPS_" + self.name.upper().replace(".", "_")


SETTINGS: tuple[Setting, ...] = (
    Setting("site", "default", "站点名，不同站点的资产互不合并", "site name; assets never merge across sites"),
    Setting("observer", "", "观测点名称，空为主机名", "observer name, empty for the host name"),
    Setting("lang", "zh", "界面语言 zh 或 en", "language, zh or en"),
    Setting(
        "store.url",
        "",
        "数据库地址（不含口令），空为工作区内的 secops.db",
        "database URL without a password, empty: secops.db",
    ),
    Setting(
        "store.password_file",
        "",
        "数据库口令文件（只有自己可读），空为 ~/.pgpass",
        "file that holds the database password, readable by you alone; empty: ~/.pgpass",
    ),
    Setting(
        "store.keep_days", 90, "db compact 保留多少天的原始重复观测", "days of repeated looks db compact keeps whole"
    ),
    Setting("discover.engine", "auto", "auto、syn 或 connect", "auto, syn or connect"),
    Setting("discover.concurrency", 512, "同时进行的连接数", "connections at once"),
    Setting(
        "discover.probes",
        "auto",
        "服务探针：auto 用本机 nmap 的，off 只用自带的，或文件路径",
        "service probes: auto for the installed nmap's, off for our own few, or a file",
    ),
    Setting("wire.interface", "", "原始报文的出口网卡，空为按路由", "interface of raw packets, empty: by route"),
    Setting("wire.gateway", [], "原始报文的网关，IPv4、IPv6 各一个", "gateways of raw packets, one a family"),
    Setting("wire.source", [], "原始报文的源地址，各一个", "source addresses of raw packets, one a family"),
    Setting("wire.vlan", 0, "原始报文的 802.1Q VLAN 号，0 为不带", "802.1Q VLAN of raw packets, 0 for none"),
    Setting(
        "discover.fingerprints",
        "",
        "更大的技术指纹库（wappalyzergo 的 fingerprints_data.json），留空只用自带的",
        "a larger set of technology fingerprints (wappalyzergo's fingerprints_data.json); empty for our own only",
    ),
    Setting("discover.gone_after", 3, "连续几次完整扫描未应答即判为消失", "complete runs without answer until gone"),
    Setting(
        "grade.case_severity", "medium", "达到该危害程度的问题归入通报单", "severity from which findings form cases"
    ),
    Setting("alert.sinks", ["jsonl"], "告警去向：jsonl、elasticsearch", "sinks: jsonl, elasticsearch"),
    Setting("elasticsearch.url", "", "Elasticsearch 地址，不含口令", "Elasticsearch URL, without a password"),
    Setting("elasticsearch.user", "", "Elasticsearch 用户名", "Elasticsearch user"),
    Setting("elasticsearch.password_file", "", "口令文件", "file that holds the password"),
    Setting("elasticsearch.api_key_file", "", "API key 文件", "file that holds the API key"),
    Setting("elasticsearch.ca_file", "", "CA 证书文件", "CA certificate file"),
    Setting(
        "mirror.use",
        "auto",
        "列式镜像：auto 为建了就用（secops db mirror refresh），off 为不用",
        "the columnar mirror: auto uses it once made (secops db mirror refresh), off never",
    ),
    Setting("mirror.memory_mb", 2048, "列式镜像最多占用的内存，MB", "memory the columnar mirror may take, MB"),
    Setting("report.unit", "", "报表封面上的编制单位", "unit named on report covers"),
    Setting(
        "report.roles",
        ["viewer=internal", "officer=sensitive"],
        "角色=能看明文的敏感级别（public、internal、sensitive）",
        "role=the sensitivity it sees in the clear (public, internal, sensitive)",
    ),
    Setting(
        "report.role", "viewer", "没有列在 report.users 的帐号的角色", "role of accounts report.users does not name"
    ),
    Setting(
        "report.users",
        [],
        "操作系统帐号=最高角色（与 --who 无关）；为空时只有工作区目录的所有者能以更高的角色导出",
        "OS account=highest role, whatever --who says; empty: only the owner of the workspace's folder goes above",
    ),
)


_OTHERS = frozenset({"report.roles", "report.role", "report.users"})
"""Settings that bound what a person sees: taken from the workspace and the machine alone."""


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting's value and origin."""

    values: Mapping[str, Scalar]
    origins: Mapping[str, str]

    def text(self, name: str) -> str:
        """The setting as text."""
        return str(self.values[name])

    def number(self, name: str) -> int:
        """The setting as a whole number."""
        return int(str(self.values[name]))

    def flag(self, name: str) -> bool:
        """The setting as yes or no."""
        return str(self.values[name]).lower() in {"true", "1", "yes"}

    def texts(self, name: str) -> tuple[str, ...]:
        """The setting as a list of texts."""
        value = self.values[name]
        return tuple(value) if isinstance(value, list) else tuple(p.strip() for p in str(value).split(",") if p.strip())


def load(workspace_file: Path | None, flags: Mapping[str, Scalar] | None = None) -> Config:
    """The settings in force. Raises InvalidFile for a broken file or an unknown key."""
    values: dict[str, Scalar] = {each.name: each.default for each in SETTINGS}
    origins = dict.fromkeys(values, "default")
    user = Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config")) / "secops" / "secops.toml"
    for path in (Path("/etc/secops/secops.toml"), user, workspace_file):
        if path is not None and path.is_file():
            for name, value in _read(path).items():
                _permitted(name, str(path), own=path == user)
                values[name], origins[name] = value, str(path)
    for each in SETTINGS:
        if each.env in os.environ:
            _permitted(each.name, each.env, own=True)
            values[each.name], origins[each.name] = os.environ[each.env], each.env
    for name, value in (flags or {}).items():
        values[name], origins[name] = value, "flag"
    for each in SETTINGS:
        values[each.name] = _typed(each, values[each.name], origins[each.name])
    return Config(values, origins)


def _permitted(name: str, origin: str, *, own: bool) -> None:
    """Raises InvalidFile where somebody would say for themselves what they may see."""
    if own and name in _OTHERS:
        raise InvalidFile(
            "E1204",
            say(f"配置项 {name} 不能由各人自己定", f"nobody sets {name} for themselves"),
            where=origin,
            hint=say(
                "写在工作区的 secops.toml 或 /etc/secops/secops.toml 里",
                "write it into the workspace's secops.toml or /etc/secops/secops.toml",
            ),
        )


def _read(path: Path) -> dict[str, Scalar]:
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidFile(
            "E1201", say("配置文件无法解析", "the settings file cannot be read"), where=str(path), why=str(error)
        ) from error
    flat = _flatten(tree, "")
    known = [each.name for each in SETTINGS]
    for name in flat:
        if name not in known:
            near = get_close_matches(name, known, 1)
            raise InvalidFile(
                "E1202",
                say(f"未知配置项 {name}", f"unknown setting {name}"),
                where=f"{path}:{_line(path, name)}",
                hint=say(f"是否想写 {near[0]}？", f"did you mean {near[0]}?") if near else "secops config show",
            )
    return flat


def _flatten(tree: Mapping[str, object], prefix: str) -> dict[str, Scalar]:
    flat: dict[str, Scalar] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            flat[prefix + key] = [str(each) for each in value]
        else:
            flat[prefix + key] = value if isinstance(value, (bool, int)) else str(value)
    return flat


def _line(path: Path, name: str) -> int:
    leaf = name.rpartition(".")[2]
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip().startswith(leaf):
            return number
    return 1


def _typed(setting: Setting, value: Scalar, origin: str) -> Scalar:
    wrong = ""
    if isinstance(setting.default, bool):
        if str(value).lower() in {"true", "1", "yes", "false", "0", "no"}:
            return str(value).lower() in {"true", "1", "yes"}
        wrong = say("应为 true 或 false", "should be true or false")
    elif isinstance(setting.default, int):
        try:
            return int(str(value))
        except ValueError:
            wrong = say("应为整数", "should be a whole number")
    elif isinstance(setting.default, list):
        return value if isinstance(value, list) else [part.strip() for part in str(value).split(",") if part.strip()]
    else:
        return str(value)
    raise InvalidFile(
        "E1203",
        say(f"配置项 {setting.name} 的值 {value!r} 不对：{wrong}", f"{setting.name} = {value!r} {wrong}"),
        where=origin,
    )
