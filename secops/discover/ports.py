"""Which TCP ports are asked by default on a Chinese government extranet, and why each of them is on the list."""

from dataclasses import dataclass

from secops.scope import denied
from secops.scope.ports import PortSet

WEB, REMOTE, MAIL, FILES, NAMES = "web", "remote", "mail", "files", "names"
DATABASE, MIDDLEWARE, QUEUE, PLATFORM, PANEL, CAMERA = "database", "middleware", "queue", "platform", "panel", "camera"
INDUSTRIAL = "industrial"
"""Asked only under a scope that says `industrial: true`: all others lack these ports."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port worth asking: what usually listens there and why it matters."""

    number: int
    name: str
    group: str
    why: str
    verified: bool = True
    """False: 未核实, the port is known from memory or one secondary source only."""


def _p(group: str, rows: str) -> tuple[Port, ...]:
    """Rows `number name why`, one a line; a `?` before the number marks 未核实."""
    found = []
    for row in rows.strip().splitlines():
        number, name, why = row.split(maxsplit=2)
        found.append(Port(int(number.lstrip("?")), name, group, why, verified=not number.startswith("?")))
    return tuple(found)


PORTS: tuple[Port, ...] = (
    *_p(
        WEB,
        """
80 http 门户与业务网站
81 http-alt 备用站点、摄像头
82 http-alt 备用站点
88 http-alt 备用站点、Kerberos
443 https 加密网站
3000 http-dev Node、Grafana
5000 http-dev Flask、镜像仓库
8000 http-alt 备用站点
8001 http-alt 备用站点、Kubernetes 代理
8008 http-alt 备用站点
8080 http-proxy Tomcat 与各类 OA
8081 http-alt Nexus、备用站点
8082 http-alt 备用站点
8083 http-alt 备用站点
8085 http-alt 备用站点
8086 http-alt InfluxDB、备用站点
8087 http-alt 备用站点
8089 http-alt Splunk、备用站点
8090 http-alt 备用站点、Confluence
8443 https-alt 加密备用站点
8880 http-alt 备用站点
9000 http-alt MinIO、SonarQube、Portainer
9001 http-alt MinIO 控制台、Supervisor
9443 https-alt 加密管理台
""",
    ),
    *_p(
        REMOTE,
        """
22 ssh 远程管理
23 telnet 明文远程管理
2222 ssh-alt 备用远程管理
3389 rdp Windows 远程桌面
5900 vnc 图形远程
5901 vnc 图形远程
5985 winrm Windows 远程管理
512 rexec 高危旧协议
513 rlogin 高危旧协议
514 rsh 高危旧协议
""",
    ),
    *_p(
        FILES,
        """
21 ftp 明文文件传输
111 rpcbind NFS 前置
135 msrpc Windows 高危端口
139 netbios Windows 高危端口
445 smb Windows 高危端口
873 rsync 常见匿名共享
2049 nfs 网络文件系统
""",
    ),
    *_p(
        MAIL,
        """
25 smtp 邮件
110 pop3 邮件
143 imap 邮件
465 smtps 邮件
587 submission 邮件
993 imaps 邮件
995 pop3s 邮件
""",
    ),
    *_p(
        NAMES,
        """
53 dns 域名解析
389 ldap 目录服务
636 ldaps 目录服务
""",
    ),
    *_p(
        DATABASE,
        """
1433 mssql SQL Server
1521 oracle Oracle
3306 mysql MySQL、MariaDB
5432 postgresql PostgreSQL、openGauss
27017 mongodb MongoDB
6379 redis Redis
11211 memcached Memcached
5236 dameng 达梦 DM8
54321 kingbase 电科金仓 KingbaseES
5258 gbase-8a 南大通用 GBase 8a
2881 oceanbase OceanBase
?2883 obproxy OceanBase 代理
4000 tidb TiDB
10080 tidb-status TiDB 状态页
2379 etcd etcd、TiDB PD
6030 tdengine TDengine
?6041 tdengine-rest TDengine REST
5138 xugu 虚谷
5866 highgo 瀚高
?2003 oscar 神通
7474 neo4j Neo4j
8123 clickhouse ClickHouse HTTP
9042 cassandra Cassandra
50000 db2 DB2、SAP
""",
    ),
    *_p(
        MIDDLEWARE,
        """
9060 tongweb-console 东方通 TongWeb 管理台
?8088 tongweb TongWeb、Hadoop YARN
?6888 apusic 金蝶 Apusic
?6848 apusic-admin 金蝶 Apusic 管理台
?6900 bes-console 宝兰德 BES 管理台
9080 bes 宝兰德 BES、WebSphere
?8060 inforsuite 中创 InforSuite 管理台
7001 weblogic WebLogic
7002 weblogic-ssl WebLogic
7070 tong-agent TongWeb 代理
?9043 websphere-admin WebSphere 管理台
4848 glassfish GlassFish 管理台
8009 ajp Tomcat AJP
9990 wildfly JBoss、WildFly 管理台
1099 java-rmi Java RMI
20880 dubbo Dubbo
8848 nacos Nacos
5701 hazelcast TongDataGrid、Hazelcast
""",
    ),
    *_p(
        QUEUE,
        """
1883 mqtt 物联网消息
5672 amqp RabbitMQ
15672 rabbitmq-ui RabbitMQ 管理台
8161 activemq-ui ActiveMQ 管理台
61616 activemq ActiveMQ
9092 kafka Kafka
9876 rocketmq RocketMQ
2181 zookeeper ZooKeeper
""",
    ),
    *_p(
        PLATFORM,
        """
9200 elasticsearch Elasticsearch
9300 elasticsearch-node Elasticsearch 节点
5601 kibana Kibana
2375 docker 无加密 Docker 接口
2376 docker-tls Docker 接口
6443 kubernetes Kubernetes 接口
10250 kubelet Kubelet
9090 prometheus Prometheus、Cockpit
8500 consul Consul
50070 hdfs HDFS 页面
""",
    ),
    *_p(
        PANEL,
        """
?8888 bt-panel 宝塔面板
10000 webmin Webmin
2082 cpanel 主机面板
8834 nessus Nessus
""",
    ),
    *_p(
        CAMERA,
        """
554 rtsp 视频流
?37777 dahua 大华设备
?34567 xm-dvr 雄迈录像机
""",
    ),
    *_p(
        INDUSTRIAL,
        """
102 s7 西门子控制器
502 modbus Modbus 控制器
2404 iec104 电力远动
4840 opcua OPC UA 服务端
44818 enip EtherNet/IP 控制器
""",
    ),
)


def defaults() -> tuple[int, ...]:
    """The default list, ascending, without the forbidden ones."""
    return tuple(sorted({each.number for each in PORTS if not forbidden(each.number)}))


def forbidden(port: int) -> bool:
    """Must this port never be touched, because it prints or breaks what is sent?"""
    return port in denied.PORTS


def left_alone(text: str) -> str:
    """Which ports of such a text nobody may touch, each kind with its reason. Raises ValueError naming the bad part."""
    reasons: dict[str, list[int]] = {}
    for port in sorted(each for each in _named(text) if forbidden(each)):
        reasons.setdefault(denied.why(port), []).append(port)
    return "; ".join(f"{PortSet.parse(map(str, ports))} {reason}" for reason, ports in reasons.items())


def parse(text: str) -> tuple[int, ...]:
    """Ports of `80,443,8000-8010`, `default` and group names such as `web`. Raises ValueError naming the bad part."""
    return tuple(each for each in sorted(_named(text)) if not forbidden(each))


def _named(text: str) -> set[int]:
    groups = {each.group for each in PORTS}
    chosen: set[int] = set()
    for part in (each.strip() for each in text.split(",") if each.strip()):
        if part == "default":
            chosen.update(defaults())
        elif part in groups:
            chosen.update(each.number for each in PORTS if each.group == part)
        else:
            first, dash, last = part.partition("-")
            if not all(word.isascii() and word.isdigit() for word in ((first, last) if dash else (first,))):
                raise ValueError(part)
            low, high = int(first), int(last or first)
            if not 1 <= low <= high <= 65_535:
                raise ValueError(part)
            chosen.update(range(low, high + 1))
    return chosen
