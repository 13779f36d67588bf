"""The registers compliance staff keep: duties, suppliers, filings, certificates, cryptography, 信创, algorithms, data.

The tables (those of the filing form are in `filing_form`) are the whole of it: YAML sections, spreadsheet headings,
validation, lists and reports derive from them. A register begins with `# id section | 中文 | English`; a line is a
column: name (`*`: must be given), Chinese heading and other headings ledgers use, English, shape (bounds, `-> kind` it
refers to, pattern, sensitive), help; `- ` lines are the words a choice can be; a line that begins with two blanks goes
on where the one before ended.
"""

from functools import cache
from typing import Final

from secops.core.filing_form import FILING_FORM
from secops.core.register import RegisterType, read

_TABLE: Final = r"""
# duty duties | 网络安全责任 | security duties
key: organisation role system
expires: valid_until
four eyes: yes
basis: 网络安全法第二十三条；党委（党组）网络安全工作责任制
organisation* | 责任单位 | organisation | text -> organisation
role* | 责任类别、责任类型、职责 | role | choice
- competent | 主管单位、主管部门 | competent authority
- operator | 运营单位、运营者、使用单位、运维单位 | operator
- regulator | 监管部门、监管单位 | regulator
- cii_protector | 关基保护工作部门、保护工作部门 | CII protection department
- builder | 建设单位 | builder
system | 业务系统 | system | text -> system
person* | 责任人、负责人、安全负责人、姓名 | person | text sensitive
title | 职务 | title | text
phone | 联系电话、电话、手机、联系方式、手机号 | phone | text sensitive
letter | 责任书编号、责任书 | letter of responsibility | text
signed_on | 签订日期、签署日期 | signed on | date
valid_until | 有效期至、截止日期、到期日期 | valid until | date
evidence | 佐证材料 | evidence | texts | 文件名，或 @文件 记下其 SHA-256
remark | 备注 | remark | long
# supplier suppliers | 供应商 | suppliers
key: name
basis: 粤府〔2023〕47号：供应链安全管理
name* | 供应商名称、供应商、单位名称、公司名称、企业名称 | name | text
credit_code | 统一社会信用代码、信用代码、社会信用代码 | credit code | credit_code
services | 服务类别、服务内容、服务类型 | services | texts
qualifications | 资质、资质证书、资质情况、资质等级 | qualifications | texts
contact | 联系人 | contact | text sensitive
phone | 联系电话、电话 | phone | text sensitive
reviewed_on | 最近审查日期、评估日期 | reviewed on | date
risk | 风险等级 | risk | choice
- low | 低 | low
- medium | 中 | medium
- high | 高 | high
remark | 备注 | remark | long
# contract contracts | 外包合同 | outsourcing contracts
key: number name
expires: ends_on
basis: 粤府〔2023〕47号：外包服务安全管理
name* | 合同名称、项目名称、服务项目、外包项目、外包合同名称 | name | text
number | 合同编号、编号、合同号 | number | text
supplier* | 供应商 | supplier | text -> supplier
organisation | 责任单位、甲方单位、甲方、采购单位、采购人、委托单位 | organisation | text -> organisation
systems | 涉及系统、服务系统、业务系统、所属系统、关联系统 | systems | texts -> system
starts_on | 开始日期、合同开始、合同起始日期、合同签订日期、签订日期、起始日期、服务开始 | starts on | date
ends_on | 结束日期、合同结束、合同截止日期、合同终止日期、合同到期日期、到期日期、截止日期、服务结束 | ends on | date
staff_on_site | 驻场人数、驻场人员数、驻场人员数量 | staff on site | integer 0..100000
confidential | 已签保密协议、保密协议、已签订保密协议、已签署保密协议 | confidentiality signed | flag
access_until | 访问权限到期、权限到期、账号到期 | access expires | date
code_handed_over | 源代码已移交、代码移交、代码已移交、源码已移交 | code handed over | flag
code_handed_on | 代码移交日期、源代码移交日期、移交日期 | code handed over on | date
evidence | 佐证材料 | evidence | texts | 文件名，或 @文件 记下其 SHA-256
remark | 备注 | remark | long
# staff staff | 外包人员 | outsourced staff
key: supplier number name
expires: access_until
basis: 粤府〔2023〕47号：外包服务安全管理
name* | 姓名、人员姓名 | name | text sensitive
number | 工号、编号、人员编号 | number | text
supplier* | 供应商 | supplier | text -> supplier
contract | 外包合同、合同、合同编号、所属合同、合同名称、所属项目 | contract | text -> contract
organisation | 责任单位 | organisation | text -> organisation
systems | 可访问系统、服务系统、涉及系统、访问系统、运维系统、负责系统 | systems | texts -> system
accounts | 账号、VPN 账号、系统账号、账号名、访问账号 | accounts | texts sensitive
on_date | 入场日期、进场日期 | on duty since | date
off_date | 离场日期 | left on | date
access_until | 访问权限到期、权限到期 | access expires | date
access_revoked | 权限已收回、账号已注销 | access revoked | flag
vetted | 已背景审查、背景审查 | vetted | flag
confidential | 已签保密承诺、保密承诺书、保密协议、已签订保密协议、已签保密承诺书 | confidentiality signed | flag
remark | 备注 | remark | long
# app apps | 政务移动应用 | mobile applications
key: name form
basis: 国办函〔2026〕12号《政务移动互联网应用程序规范化管理办法》
verified: no
name* | 应用名称、APP名称、小程序名称、名称 | name | text
form* | 形态、类型、应用类型、应用形态、应用类别 | form | choice
- app | APP、移动应用、客户端 | app
- mini_program | 小程序、微信小程序 | mini program
- quick_app | 快应用 | quick app
- account | 公众号、微信公众号 | public account
organisation | 责任单位 | organisation | text -> organisation
system | 业务系统 | system | text -> system
audience | 面向对象、服务对象、使用对象 | audience | choice
- staff | 工作人员、内部、内部人员 | staff
- public | 社会公众、公众、群众、企业和群众 | public
filing_no | 应用备案编号、应用备案号、APP备案号、备案号、备案编号 | filing number | text
   | 国办函〔2026〕12号：上线前备案
filed_on | 备案日期 | filed on | date
icp | ICP 备案号 | ICP filing | text
online_on | 上线日期 | online on | date
offline_on | 下线日期 | offline on | date
version | 版本 | version | text
monthly_users | 月活用户、月活、月活跃用户、月活用户数、月活跃用户数 | monthly users | integer 0..
ipv6 | 支持 IPv6 | IPv6 | flag
supplier | 供应商 | supplier | text -> supplier
remark | 备注 | remark | long
# repository repositories | 代码仓库 | code repositories
key: url
basis: 粤府〔2023〕47号：供应链安全管理
url* | 仓库地址、地址、代码库地址 | address | url
organisation | 责任单位 | organisation | text -> organisation
system | 业务系统 | system | text -> system
supplier | 供应商 | supplier | text -> supplier
languages | 开发语言 | languages | texts
visibility | 可见范围 | visibility | choice
- internal | 内部、私有 | internal
- supplier | 供应商侧 | at the supplier
- public | 公开、开源 | public
scanned_on | 最近审计日期、代码审计日期 | last reviewed on | date
remark | 备注 | remark | long
# component components | 软件成分 | software components
key: system repository purl group name version
basis: CycloneDX 1.6（ECMA-424）、SPDX 2.3（ISO/IEC 5962）
name* | 组件名称、组件、软件名称 | name | text
version | 版本、组件版本 | version | text
group | 组织 | group | text
purl | purl | purl | text
cpe | CPE | CPE | text
licences | 许可证、许可协议 | licences | texts
system | 业务系统 | system | text -> system
repository | 代码仓库 | repository | text -> repository
supplier_name | 来源 | supplied by | text
sha256 | SHA-256 | SHA-256 | text /[0-9a-fA-F]{64}/
sbom | 物料清单 | bill of materials | text | CycloneDX 或 SPDX 文件的 SHA-256
remark | 备注 | remark | long
"""
_REST: Final = r"""# certification certifications | 测评与认证 | assessments and certificates
key: system type done_on
expires: valid_until
basis: 公网安〔2025〕1846号问 11、20；国家密码管理局令第3号
system* | 业务系统 | system | text -> system
type* | 类别、测评类型、评估类型、认证类型 | type | choice
- djbh | 等保测评、等级测评、等保 | classified protection assessment
- miping | 密评、商用密码应用安全性评估、密码测评、商密评估 | cryptography assessment
- cloud | 云计算服务安全评估、云评估 | cloud service assessment
- data | 数据安全评估、数据安全风险评估 | data security assessment
- risk | 风险评估 | risk assessment
- iso27001 | ISO 27001 | ISO 27001
- other | 其他 | other
agency | 测评机构、评估机构、认证机构、测评单位、测评公司 | agency | text
report_no | 报告编号、证书编号、测评报告编号 | report number | text
done_on* | 完成日期、测评完成日期、评估完成日期、测评日期、评估日期、报告日期 | done on | date
conclusion | 结论、测评结论、评估结论、测评结果 | conclusion | choice
- conform | 符合 | conforms
- basic | 基本符合 | conforms largely
- fail | 不符合 | does not conform
- excellent | 优 | excellent
- good | 良 | good
- medium | 中 | medium
- poor | 差 | poor
score | 得分、测评得分、评估得分、综合得分、测评分数、分数、符合率 | score | number 0..100 in points
serious_risks | 重大风险隐患数、高风险数 | serious risks | integer 0.. | 整改前的数量
submitted_on | 结果报备日期、报备日期、上报日期 | result filed on | date
valid_until | 有效期至 | valid until | date
evidence | 佐证材料 | evidence | texts | 文件名，或 @文件 记下其 SHA-256
remark | 备注 | remark | long
# crypto crypto | 密码应用与能力 | cryptography
key: list name model organisation system
expires: certificate_until
basis: 粤府〔2023〕47号：密码应用支撑能力清单、服务目录；DB32/T 5073.2-2025 附录 A
verified: no
name* | 名称、密码产品名称、密码服务名称、产品名称 | name | text
list* | 清单、清单类别、类别 | list | choice
- capability | 密码能力清单、能力清单 | capability list
- service | 密码服务目录、服务目录 | service catalogue
- use | 密码应用、应用 | use in a system
product_type | 产品类型、密码产品类型 | product type | text
model | 型号、产品型号 | model | text
vendor | 厂商、生产厂商、研制单位 | vendor | text
certificate_no | 商用密码产品认证证书编号、商密证书编号、商用密码证书编号、商密产品证书编号、认证证书编号、
  型号证书编号、证书编号 | product certificate | text
certificate_until | 证书有效期至、有效期至 | certificate valid until | date
algorithms | 密码算法、算法 | algorithms | texts | SM2、SM3、SM4、SM9、ZUC
protocols | 密码协议 | protocols | texts
level | 安全等级 | security level | text | GB/T 37092
organisation | 责任单位 | organisation | text -> organisation
system | 业务系统 | system | text -> system
purpose | 用途、应用场景、功能 | purpose | texts | 身份鉴别、传输、存储、完整性、不可否认
quantity | 数量 | quantity | integer 0..
keys_managed | 密钥管理方式 | key management | text
remark | 备注 | remark | long
# xinchuang xinchuang | 信创产品 | domestic products (信创)
key: organisation system category product version
basis: 信创类别为通行叫法
verified: no
product* | 产品名称、产品、名称 | product | text
category* | 类别、产品类别、产品类型 | category | choice
- chip | 芯片、CPU、处理器 | chip
- server | 服务器 | server
- terminal | 终端、计算机、整机 | terminal
- os | 操作系统 | operating system
- database | 数据库 | database
- middleware | 中间件 | middleware
- office | 办公软件、流式软件、版式软件 | office suite
- browser | 浏览器 | browser
- mail | 邮件系统 | mail
- oa | OA | office automation
- peripheral | 外设、打印机 | peripheral
- security | 安全产品 | security product
- crypto | 密码产品 | cryptographic product
- cloud | 云平台 | cloud platform
- storage | 存储 | storage
- network | 网络设备 | network device
- other | 其他 | other
vendor | 厂商、生产厂商、品牌 | vendor | text
version | 型号版本、型号、版本 | version | text
organisation | 责任单位 | organisation | text -> organisation
system | 业务系统 | system | text -> system
quantity | 数量、台数、套数 | quantity | integer 0..
state | 替代状态、替代情况、替代进度 | state | choice
- done | 已替代、已完成、替代完成、完成替代、已完成替代 | replaced
- planned | 计划替代、待替代 | planned
- running | 替代中、正在替代 | under way
- open | 未替代、尚未替代、未开始 | not replaced yet
- none | 不替代、无需替代 | none
planned_on | 计划完成日期 | planned for | date
listed | 在安全可靠目录、目录内、在名录、在目录内 | in the list of assured products | flag
remark | 备注 | remark | long
# algorithm algorithms | 算法与新技术 | algorithms and new technology
key: name organisation system
basis: 《互联网信息服务算法推荐管理规定》；《政务领域人工智能大模型部署应用指引》（2025-10）
verified: no
name* | 算法名称、模型名称、技术名称、名称 | name | text
kind* | 类型、算法类型、技术类型 | kind | choice
- generative | 生成合成、生成合成类、深度合成、大模型、大语言模型 | generation
- recommendation | 个性化推送、个性化推送类、推荐 | recommendation
- ranking | 排序精选、排序精选类 | ranking
- retrieval | 检索过滤、检索过滤类 | retrieval
- dispatch | 调度决策、调度决策类、决策 | dispatch
- recognition | 识别、人脸识别、图像识别 | recognition
- blockchain | 区块链 | blockchain
- other | 其他新技术、其他 | other
organisation | 责任单位 | organisation | text -> organisation
system | 业务系统 | system | text -> system
supplier | 供应商 | supplier | text -> supplier
scene | 应用场景、应用领域 | scene | text
role | 角色 | role | choice
- provider | 服务提供者 | provider
- supporter | 服务技术支持者、技术支持者 | technical supporter
- user | 使用者 | user
filing_no | 备案编号、网信算备、备案号、算法备案号、算法备案编号、模型备案号 | filing number | text
   | 网信算备 21 位数字号；大模型为 省份-名称-日期
filed_on | 备案日期 | filed on | date
reviewed_on | 审核日期 | reviewed on | date
in_use_since | 启用日期、上线日期、投入使用日期 | in use since | date
supervised_on | 最近监督检查日期 | supervised on | date
assessed_on | 安全评估日期 | assessed on | date
assessment | 安全评估结论、评估结论、评估结果 | assessment | text
stopped_on | 停用日期 | stopped on | date
responsible | 算法安全责任人、算法责任人、安全责任人、责任人、负责人 | responsible person | text sensitive
evidence | 佐证材料 | evidence | texts | 文件名，或 @文件 记下其 SHA-256
remark | 备注 | remark | long
# data_stage data_stages | 数据全生命周期 | data life cycle
key: data stage system
basis: 数据安全法第三条第二款；粤府〔2023〕47号：数据全生命周期
data* | 数据资产、数据名称、数据资源、数据项 | data asset | text -> data
stage* | 环节、阶段、生命周期 | stage | choice
- collect | 采集、收集、数据采集、数据收集 | collect
- transmit | 传输、数据传输 | transmit
- store | 存储、存贮、数据存储 | store
- process | 处理、使用、加工、数据处理、数据使用、数据加工 | process
- share | 共享、提供、公开、交换、数据共享、数据提供、数据公开、数据交换 | share
- destroy | 销毁、删除、数据销毁、数据删除 | destroy
organisation | 责任单位 | organisation | text -> organisation
system | 业务系统 | system | text -> system
place | 位置、存储位置、机房 | place | text
measures | 安全措施、保护措施 | measures | texts
encrypted | 已加密、加密 | encrypted | flag
masked | 已脱敏、脱敏 | masked | flag
person | 责任人 | person | text sensitive
retention | 留存期限、保存期限、存储期限、保留期限 | retention | text
checked_on | 最近检查日期 | checked on | date
remark | 备注 | remark | long
# interface interfaces | 数据接口与共享 | interfaces and sharing
key: provider name consumer
expires: valid_until
basis: 《广东省公共数据管理办法》（省政府令290号）
verified: no
name* | 接口名称、接口、服务名称 | name | text
data | 数据资产、数据名称、数据资源、数据项 | data asset | text -> data
provider* | 提供单位、提供方、数据提供单位 | provider | text -> organisation
system | 提供系统 | system | text -> system
consumer | 使用单位、使用方、需求单位 | consumer | text -> organisation
consumer_system | 使用系统 | consuming system | text -> system
method | 方式、共享方式 | method | choice
- api | 接口调用、接口 | API
- file | 文件交换 | file
- database | 库表交换、库表 | database
- other | 其他 | other
url | 接口地址、地址 | address | text
items | 共享字段、数据项、字段 | items | texts
frequency | 频率、更新频率 | frequency | text
authenticated | 有身份鉴别、身份鉴别、鉴权、有鉴权 | authenticated | flag
encrypted | 传输加密、加密、已加密 | encrypted | flag
approval | 审批文号、审批编号 | approval | text
approved_on | 审批日期 | approved on | date
valid_until | 有效期至、到期日期 | valid until | date
remark | 备注 | remark | long
# training trainings | 培训与演练 | training and drills
key: organisation type held_on title person
basis: 网络安全法第三十六条
title* | 主题、培训主题、培训名称、演练名称、名称 | title | text
type* | 类别、形式 | type | choice
- training | 培训 | training
- drill | 演练、应急演练、攻防演练 | drill
- exam | 考核、考试 | exam
held_on* | 日期、培训日期、演练日期、时间、举办日期 | held on | date
organisation | 责任单位、组织单位、举办单位、承办单位 | organisation | text -> organisation
person | 参加人、姓名、参训人员 | attendee | text sensitive
attendees | 参加人数、人数、实到人数、参训人数、参演人数、实际参加人数 | attendees | integer 0..
expected | 应到人数、应参加人数、应参训人数 | expected | integer 0..
hours | 学时 | hours | number 0..10000 in hours
result | 结果、成绩、考核结果 | result | text
evidence | 佐证材料 | evidence | texts | 文件名，或 @文件 记下其 SHA-256
remark | 备注 | remark | long
# backup backups | 容灾备份 | backup and recovery
key: system object
basis: GB/T 22239-2019 8.1.4.9；GB/T 20988-2007（编号，条文未核实）
verified: no
system* | 业务系统 | system | text -> system
object | 备份对象、备份内容 | object | text
method | 备份方式、方式 | method | text
frequency | 备份频率、备份周期 | frequency | text
place | 备份位置、备份地点、备份介质及位置、备份存放位置、存放位置 | place | text
offsite | 异地备份、异地 | off site | flag
rpo_minutes | 恢复点目标（分钟）、RPO | RPO in minutes | integer 0.. in minutes
rto_minutes | 恢复时间目标（分钟）、RTO | RTO in minutes | integer 0.. in minutes
recovery_level | 灾难恢复能力等级、灾备等级、容灾等级、灾难恢复等级 | recovery level | integer 1..6 | GB/T 20988 六级
last_backup_on | 最近备份日期、上次备份 | last backup | date
last_drill_on | 最近恢复演练日期、上次演练 | last recovery drill | date
drill_result | 演练结果 | drill result | text
person | 责任人 | person | text sensitive
remark | 备注 | remark | long
"""

REGISTERS: Final[tuple[RegisterType, ...]] = tuple(read(_TABLE + FILING_FORM + _REST))


@cache
def registers() -> dict[str, RegisterType]:
    """Every register by its id."""
    return {each.id: each for each in REGISTERS}


def named(word: str) -> RegisterType | None:
    """The register of this id, section or Chinese name."""
    return next((each for each in REGISTERS if word in {each.id, each.section, each.zh}), None)
