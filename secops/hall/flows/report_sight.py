"""Who may see what: roles of the settings, each with the sensitivity it sees in the clear; the rest is masked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from secops.core.errors import Forbidden, InvalidFile, UsageError
from secops.core.fields import Sensitivity
from secops.core.language import say
from secops.hall.config import Config

_ORDER: Final = (Sensitivity.PUBLIC, Sensitivity.INTERNAL, Sensitivity.SENSITIVE)


@dataclass(frozen=True, slots=True)
class Sight:
    """A role and the most it sees in the clear."""

    role: str
    most: Sensitivity

    def clear(self, sensitivity: Sensitivity) -> bool:
        """Whether a field of this sensitivity is shown as it is."""
        return _ORDER.index(sensitivity) <= _ORDER.index(self.most)

    @property
    def whole(self) -> bool:
        """Whether nothing is masked."""
        return self.most is Sensitivity.SENSITIVE


def sight(config: Config, account: str, role: str = "", *, sensitive: bool = False, owner: bool = False) -> Sight:
    """The sight of this role (else of the account's own, else of `report.role`).

    `account` is the operating system's, never a name that was merely given. `sensitive` asks for everything in the
    clear: the least role that sees it is taken. Nobody takes a role that sees more than their own: that of
    `report.users`, else `report.role`; where `report.users` is empty, `owner`, whose workspace it is, takes any.
    Raises UsageError, Forbidden, InvalidFile.
    """
    roles = _roles(config)
    users = _pairs(config, "report.users")
    for name, mine in users.items():
        _known(roles, mine, f"report.users {name}")
    usual = config.text("report.role")
    _known(roles, usual, "report.role")
    own = users.get(account, usual)
    if sensitive and not role:
        role = own if roles[own] is Sensitivity.SENSITIVE else _seeing(roles)
    wanted = role or own
    if wanted not in roles:
        raise UsageError(
            "E6310",
            say(f"没有角色 {wanted[:40]}", f"no role {wanted[:40]}"),
            hint=say("配置 report.roles：", "report.roles: ") + ", ".join(roles),
        )
    free = owner and not users
    if not free and _ORDER.index(roles[wanted]) > _ORDER.index(roles[own]):
        raise Forbidden(
            "E6311",
            say(f"系统帐号 {account} 不能以 {wanted} 的身份导出", f"account {account} may not export as {wanted}"),
            where="report.users",
            why=say(f"其角色为 {own}；--who 只是署名", f"its role is {own}; --who is but a signature")
            if users
            else say(
                f"没有配置 report.users：只有工作区目录的所有者可以；此帐号的角色为 {own}",
                f"report.users is empty: only the owner of the workspace's folder may; this account's role is {own}",
            ),
            hint=say(
                f'请有权限的帐号导出，或由管理员在 secops.toml 写 users = ["{account}={wanted}"]',
                f'let an account that may export it, or let the administrator set users = ["{account}={wanted}"]',
            ),
        )
    return Sight(wanted, roles[wanted])


def _roles(config: Config) -> dict[str, Sensitivity]:
    found: dict[str, Sensitivity] = {}
    for name, word in _pairs(config, "report.roles").items():
        if word not in set(Sensitivity):
            raise _wrong("report.roles", f"{name}={word}", ", ".join(Sensitivity))
        found[name] = Sensitivity(word)
    return found


def _pairs(config: Config, setting: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for each in config.texts(setting):
        name, equals, value = each.partition("=")
        if not equals or not name.strip():
            raise _wrong(setting, each, say("写成 名=值", "write name=value"))
        found[name.strip()] = value.strip()
    return found


def _known(roles: Mapping[str, Sensitivity], role: str, where: str) -> None:
    if role not in roles:
        raise _wrong(where, role, ", ".join(roles))


def _seeing(roles: Mapping[str, Sensitivity]) -> str:
    return next((name for name, most in roles.items() if most is Sensitivity.SENSITIVE), "")


def _wrong(where: str, value: str, hint: str) -> InvalidFile:
    return InvalidFile(
        "E6312", say(f"角色配置不对：{value[:60]}", f"a wrong role setting: {value[:60]}"), where=where, hint=hint
    )
