"""Ports nothing here ever touches: what stands behind them prints, moves or breaks when anything connects.

The Gate subtracts them from every scope; no document, flag or playbook adds them back. Sources: nmap's own
`Exclude T:9100-9107`, nmap issue 2237 (9100-9109 and 9112-9116 printed too), nmap pull request 3174 (HP: about 100
pages), runZero's rule never to send to 9100, nmap pull request 1862 with CVE-2019-5636 (Beckhoff).
"""

from dataclasses import dataclass
from typing import Final

from secops.core.language import say
from secops.scope.ports import PortSet


@dataclass(frozen=True, slots=True)
class Denied:
    """Some ports and why they are left alone."""

    ports: str
    zh: str
    en: str

    @property
    def reason(self) -> str:
        """The reason in the language in force."""
        return say(self.zh, self.en)


TABLE: Final[tuple[Denied, ...]] = (
    Denied("515", "LPD 打印：收到的字节会被打印", "LPD: what it receives is printed"),
    Denied("631", "IPP 打印：原始字节可能被打印", "IPP: raw bytes may be printed"),
    Denied("9100-9116", "JetDirect 裸打印：每个字节都会上纸", "JetDirect raw printing: every byte goes onto paper"),
    Denied("48899", "Beckhoff TwinCAT：异常报文会使控制器停止服务", "Beckhoff TwinCAT: malformed packets stop it"),
)

PORTS: Final = PortSet.parse(each.ports for each in TABLE)
"""All of them."""

INDUSTRIAL_TABLE: Final[tuple[Denied, ...]] = (
    Denied("102", "西门子 S7、IEC 61850 MMS", "Siemens S7, IEC 61850 MMS"),
    Denied("502", "Modbus", "Modbus"),
    Denied("1911,4911", "Niagara Fox", "Niagara Fox"),
    Denied("1962", "菲尼克斯 PCWorx", "Phoenix PCWorx"),
    Denied("2404", "IEC 60870-5-104", "IEC 60870-5-104"),
    Denied("4840", "OPC UA", "OPC UA"),
    Denied("5006-5007", "三菱 MELSEC", "Mitsubishi MELSEC"),
    Denied("9600", "欧姆龙 FINS", "Omron FINS"),
    Denied("18245-18246", "通用电气 SRTP", "GE SRTP"),
    Denied("20000", "DNP3", "DNP3"),
    Denied("20547", "ProConOS", "ProConOS"),
    Denied("34962-34964", "PROFINET", "PROFINET"),
    Denied("44818", "EtherNet/IP", "EtherNet/IP"),
    Denied("47808", "BACnet", "BACnet"),
)
"""Controllers live here: in a scope only where its document says `industrial: true`. Ports by IANA or vendor use."""

INDUSTRIAL: Final = PortSet.parse(part for each in INDUSTRIAL_TABLE for part in each.ports.split(","))
"""All of these."""


def why(port: int) -> str:
    """The reason this port is left alone, empty where it is not."""
    return next((each.reason for each in TABLE if port in PortSet.parse([each.ports])), "")
