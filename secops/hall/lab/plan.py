"""Who listens where: the fictional city extranet of the demo, one line a service. Data only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

LETTERS: Final = {"portal": 1, "business": 2, "data": 3, "office": 4, "outside": 9}
"""Zone -> third octet. `outside` lies beyond the scope: whoever connects there has broken it."""

NETWORK_BITS: Final = 26
HIGHEST: Final = 62
"""Last host of a zone's network."""

WEB, WEB2, CONSOLE, TLS, SSH, FTP, SMTP, TELNET, REDIS, MYSQL, MONGO, RSYNC, PRINTER = (
    "web", "web2", "console", "tls", "ssh", "ftp", "smtp", "telnet", "redis", "mysql", "mongodb", "rsync", "printer",
)  # fmt: skip
PORTS: Final = {
    WEB: 8080, WEB2: 8088, CONSOLE: 9060, TLS: 8443, SSH: 2222, FTP: 2121, SMTP: 2525, TELNET: 2323, REDIS: 6379,
    MYSQL: 3306, MONGO: 27017, RSYNC: 10873, PRINTER: 9100,
}  # fmt: skip
"""The port each kind of service would like; all above 1024, moved when another program of this machine has it."""


@dataclass(frozen=True, slots=True)
class Service:
    """One listening port: zone and last octet, the kind that names the port, and what it shows."""

    zone: str
    host: int
    port: str
    kind: str
    about: dict[str, str] = field(default_factory=dict)


def _web(zone: str, host: int, title: str, server: str, *, port: str = WEB, **about: str) -> Service:
    return Service(zone, host, port, "web", {"title": title, "server": server, **about})


def _tls(zone: str, host: int, title: str, server: str, cert: str, **about: str) -> Service:
    return Service(zone, host, TLS, "web", {"title": title, "server": server, "cert": cert, **about})


def _say(zone: str, host: int, port: str, text: str, **about: str) -> Service:
    return Service(zone, host, port, "greeting", {"text": text, **about})


SERVICES: Final[tuple[Service, ...]] = (
    # 门户区: public sites of the bureaus
    _web("portal", 10, "某市人民政府门户网站", "nginx", unit="某市政务服务数据管理局", icp="1"),
    _web("portal", 11, "某市财政局", "nginx/1.10.3", unit="某市财政局", icp="1"),
    _web("portal", 12, "某市卫生健康局", "Apache/2.2.15 (CentOS)", unit="某市卫生健康局", icp="1", cookie="bad"),
    _web("portal", 13, "某市教育局", "Microsoft-IIS/6.0", unit="某市教育局", powered="ASP.NET"),
    _web("portal", 14, "某市人力资源和社会保障局", "nginx/1.24.0", unit="某市人力资源和社会保障局", icp="1"),
    _web(
        "portal", 15, "某市自然资源局", "Apache/2.4.6 (CentOS) PHP/5.4.16", unit="某市自然资源局", powered="PHP/5.4.16"
    ),
    _web("portal", 16, "某市交通运输局", "nginx/1.22.1", unit="某市交通运输局", charset="gb18030"),
    _web("portal", 17, "某市市场监督管理局", "TongWeb Server", unit="某市市场监督管理局"),
    _web("portal", 18, "某市应急管理局", "nginx/1.22.1", unit="某市应急管理局", icp="1"),
    _web("portal", 19, "某市水务局", "Apache-Coyote/1.1", unit="某市水务局"),
    _web("portal", 20, "站点已迁移", "nginx/1.22.1", redirect="outside"),
    _web("portal", 21, "统一认证", "nginx/1.22.1", redirect="inside"),
    _web("portal", 22, "Index of /backup/", "nginx/1.16.1", listing="1"),
    _web("portal", 23, '=cmd("calc")', "nginx/1.22.1"),
    _web("portal", 24, "\x1b[31m闪烁的标题\x1b[0m", "nginx/1.22.1"),
    _web("portal", 25, "404 Not Found", "nginx/1.22.1", status="404"),
    _web("portal", 26, "某市民政局", "nginx/1.20.1", unit="某市民政局", icp="1"),
    _web("portal", 27, "某市生态环境局", "Tengine/2.3.3", unit="某市生态环境局", icp="1"),
    _web("portal", 28, "某市住房和城乡建设局", "Apache/2.4.62 (Unix)", unit="某市住房和城乡建设局", icp="1"),
    _web("portal", 29, "某市文化广电旅游局", "nginx/1.22.1", unit="某市文化广电旅游局", icp="1"),
    _web("portal", 30, "某市统计局", "nginx/1.26.2", unit="某市统计局", icp="1"),
    _tls("portal", 10, "某市人民政府门户网站", "nginx", "good", hsts="1", unit="某市政务服务数据管理局", icp="1"),
    _tls("portal", 11, "某市财政局", "nginx/1.10.3", "expired", unit="某市财政局"),
    _tls("portal", 14, "某市人力资源和社会保障局", "nginx/1.24.0", "soon", hsts="1", unit="某市人力资源和社会保障局"),
    _tls("portal", 18, "某市应急管理局", "nginx/1.22.1", "good", cookie="good", hsts="1"),
    # 业务区: business systems
    _web("business", 10, "财政一体化系统 登录", "TongWeb Server", login="1", unit="某市财政局"),
    _web("business", 10, "TongWeb 管理控制台", "TongWeb Server", port=CONSOLE, login="1"),
    _web("business", 11, "全民健康信息平台", "nginx/1.24.0", login="1", cookie="bad", unit="某市卫生健康局"),
    _web("business", 12, "一体化政务服务平台", "nginx/1.26.2", unit="某市政务服务数据管理局", marker="1"),
    _web("business", 13, "不动产登记系统", "Apache/2.4.62 (Unix)", unit="某市自然资源局"),
    _web("business", 14, "OA 办公系统 登录", "Apache-Coyote/1.1", login="1", port=WEB2, unit="某市教育局"),
    _web("business", 15, "Apache Tomcat/7.0.59", "Apache-Coyote/1.1", port=WEB2),
    _web("business", 16, "Kingdee Apusic Application Server", "Apusic Application Server/9.0", port=WEB2),
    _web("business", 17, "BES Application Server", "BES/9.5.2", port=CONSOLE),
    _web("business", 18, "Nacos", "", port=WEB2),
    _web("business", 19, "慢响应系统", "nginx/1.22.1", slow="1"),
    _tls("business", 11, "全民健康信息平台", "nginx/1.24.0", "self", login="1", unit="某市卫生健康局"),
    _tls("business", 12, "一体化政务服务平台", "nginx/1.26.2", "good", hsts="1", unit="某市政务服务数据管理局"),
    _tls("business", 13, "不动产登记系统", "Apache/2.4.62 (Unix)", "weak", unit="某市自然资源局"),
    _tls("business", 20, "社保网厅", "nginx/1.18.0", "many", cookie="bad", unit="某市人力资源和社会保障局"),
    _tls("business", 21, "学籍管理系统", "nginx/1.14.0", "oldest", unit="某市教育局"),
    _say("business", 10, SSH, "SSH-2.0-OpenSSH_7.4\r\n"),
    _say("business", 11, SSH, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"),
    _say("business", 12, SSH, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"),
    _say("business", 22, SSH, "SSH-2.0-OpenSSH_9.6\r\n"),
    _say("business", 23, SSH, "SSH-2.0-OpenSSH_9.6\r\n"),
    _say("business", 24, SSH, "SSH-2.0-OpenSSH_7.4\r\n"),
    _say("business", 30, SMTP, "220 mail.example.gov.invalid ESMTP Postfix\r\n"),
    # 数据区: databases
    Service("data", 10, REDIS, "redis", {"auth": ""}),
    Service("data", 11, REDIS, "redis", {"auth": "1"}),
    Service("data", 12, MYSQL, "mysql", {"version": "5.5.62-log"}),
    Service("data", 13, MYSQL, "mysql", {"version": "8.4.3"}),
    Service("data", 14, MYSQL, "mysql", {"version": "5.5.5-10.3.39-MariaDB"}),
    Service("data", 15, MONGO, "mongodb", {}),
    _say("data", 16, RSYNC, "@RSYNCD: 31.0\n"),
    _say("data", 17, FTP, "220 (vsFTPd 2.3.4)\r\n"),
    _say("data", 10, SSH, "SSH-2.0-OpenSSH_6.6.1p1 Ubuntu-2ubuntu2\r\n"),
    _say("data", 12, SSH, "SSH-2.0-OpenSSH_8.4p1 Debian-5+deb11u3\r\n"),
    _say("data", 30, SSH, "SSH-2.0-OpenSSH_8.0\r\n"),
    # 办公区: offices, devices
    _web("office", 10, "视频监控管理 登录", "App-webs/", login="1"),
    _web("office", 11, "网络摄像机", "DNVRS-Webs", login="1"),
    _web("office", 12, "HP LaserJet M506", "HP HTTP Server"),
    _web("office", 13, "宝塔Linux面板 登录", "nginx", port=WEB2, login="1"),
    _web("office", 14, "内网文件共享", "SimpleHTTP/0.6 Python/3.6.8", listing="1"),
    _say("office", 15, FTP, "220 ProFTPD 1.3.5 Server (某市教育局) [127.0.0.1]\r\n"),
    _say("office", 16, FTP, "220 Serv-U FTP Server v6.4 for WinSock ready...\r\n"),
    _say("office", 17, TELNET, "\r\nS5700 login: "),
    _say("office", 18, TELNET, "\r\nUser Access Verification\r\n\r\nPassword: "),
    _say("office", 19, SSH, "SSH-1.99-Cisco-1.25\r\n"),
    _say("office", 20, SSH, "SSH-2.0-dropbear_2014.63\r\n"),
    Service("office", 21, WEB, "tarpit", {}),
    _say("office", 12, PRINTER, "@PJL INFO ID\r\n"),
    # inside a network of the scope but excluded by name, and beyond the scope altogether
    Service("data", 62, REDIS, "redis", {"auth": "", "excluded": "1"}),
    _web("outside", 9, "授权范围之外的站点", "nginx/1.22.1"),
)


def address(octet: int, zone: str, host: int) -> str:
    """The address of a host; `octet` is the second one, chosen free on this machine."""
    return f"127.{octet}.{LETTERS[zone]}.{host}"


def places(octet: int, ports: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """Every (address, port) that the demo's scope covers or its lab listens on: nobody else may be there."""
    for zone in LETTERS:
        for host in range(1, HIGHEST + 1):
            for port in ports.values():
                yield address(octet, zone, host), port


def never_to_be_touched() -> tuple[Service, ...]:
    """The services that a scan within the scope must leave alone: the printer, the excluded host, the one outside."""
    return tuple(
        each for each in SERVICES if each.port == PRINTER or each.zone == "outside" or each.about.get("excluded")
    )
