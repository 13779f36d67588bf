"""Why something changed, as the program itself notes it, in the reader's language.

The note is kept in English, so that a rebuild gives the same bytes whatever language is set; what a person or a rule
file said is told as it stands.
"""

import re
from typing import Final

from secops.core.language import say

_TOLD: Final = tuple(
    (re.compile(pattern), told)
    for pattern, told in (
        (r"register", "登记台账"),
        (r"supplier", "供应商"),
        (r"decision (\S+)", r"决定 \1"),
        (r"coverage", "扫描范围内未见"),
        (r"inventory import ?(.*)", r"导入 \1"),
        (r"inventory edit ?(.*)", r"修改登记 \1"),
        (r"inventory bulk ?(.*)", r"批量修改 \1"),
        (r"declared|inventory declare", "登记"),
        (r"declared again", "重新登记"),
        (r"withdrawn", "撤销登记"),
        (r"records", "专项台账"),
        (r"seen", "已发现"),
        (r"seen again", "再次发现"),
        (r"told of by looks that were taken in later", "由之后并入的较早观测得知"),
        (r"(\d+) complete runs in a row without answer", r"连续 \1 次完整任务无应答"),
        (r"with its ports or addresses", "随其端口或地址"),
        (r"its last address shows another identifier", "最后的地址上出现了别的标识"),
        (r"merged into another machine", "并入另一台主机"),
        (r"settled", "身份归并"),
        (r"merged", "合并"),
        (r"split", "拆分"),
        (r"split again", "重新拆分"),
        (r"on more than (\d+) addresses at once", r"同时出现在 \1 个以上的地址"),
        (r"on (\d+) addresses at once", r"同时出现在 \1 个地址"),
        (r"host keys alternate at its address ?(.*)", r"同一地址的主机密钥来回变换 \1"),
        (
            r"several machines answer at (\S+): address translation, or a container",
            r"\1 有多台主机应答：地址转换或容器",
        ),
        (r"it moves between machines ?(.*)", r"在多台主机间漂移 \1"),
        (r"(\d+) identifiers", r"有 \1 个标识"),
        (
            r"the mark moved to what shows another host key or serial number",
            "标识出现在另一个主机密钥或序列号的主机上",
        ),
        (
            r"the mark appears under another serial number: moved to new hardware\?",
            "标识出现在另一个序列号下：换了硬件？",
        ),
        (
            r"same name or certificate, another host key: reinstalled, or replaced\?",
            "名称或证书相同，主机密钥不同：重装，还是换了机器？",
        ),
        (r"a person split these two", "已由人拆分"),
        (r"it has too many marks already", "标识已经过多"),
        (r"both are declared", "两台都登记过"),
        (
            r"found at the only address that the other is declared with",
            "在登记的唯一地址上只发现了这一台：是登记的那台吗？",
        ),
    )
)


_JOINED: Final = ("由扫描结果归并得出", "put together from what runs found")


def spoken(reason: str, field: str = "state") -> str:
    """The reason in the language in force.

    `field`: what changed by it. The end of a run ages states, and puts machines together out of what was seen.
    """
    if reason == "coverage" and field != "state":
        return say(*_JOINED)
    for pattern, told in _TOLD:
        found = pattern.fullmatch(reason)
        if found:
            return say(found.expand(told).rstrip(), reason)
    return reason
