"""The filing form of classified protection (《网络安全等级保护备案表》, 2025) as registers: tables 1 to 4 and 6.

Known from second-hand copies (未核实). Written as `core.registers` says.
"""

from typing import Final

FILING_FORM: Final = r"""
# filing_unit filing_units | 备案单位情况 | filing units
key: organisation
basis: 《网络安全等级保护备案表》（2025 版）表一
verified: no
organisation* | 备案单位、单位名称、单位全称 | filing unit | text -> organisation
filing_region | 备案地区 | filed in | text
internet | 单位互联网地址、互联网地址、单位网址 | internet addresses | texts
address | 单位地址、详细地址、通信地址 | address | text
postcode | 邮政编码、邮编 | postcode | text /[0-9]{6}/
region_code | 行政区划代码、行政区划编码、区划代码
   | region code | text /[0-9]{6}(?:[0-9]{3}){0,2}/ | GB/T 2260，6、9 或 12 位
affiliation | 隶属关系 | affiliation | text
unit_type | 单位类型、单位性质 | type of unit | text
industry | 行业类别、所属行业、行业 | industry | text
leader | 单位负责人、单位负责人姓名 | head of the unit | text sensitive
leader_title | 单位负责人职务、单位负责人职务/职称 | title of the head | text
leader_phone | 单位负责人办公电话、单位负责人电话、单位负责人联系电话 | office phone of the head | text sensitive
leader_email | 单位负责人电子邮箱、单位负责人电子邮件、单位负责人邮箱 | e-mail of the head | text sensitive
security_department | 网络安全责任部门、网络安全管理部门 | security department | text
security_person | 网络安全责任部门负责人、网络安全责任部门负责人姓名 | head of security | text sensitive
security_title | 网络安全责任部门负责人职务、网络安全责任部门负责人职务/职称
   | title of the head of security | text
security_phone | 网络安全责任部门负责人办公电话、网络安全责任部门负责人电话、网络安全责任部门负责人联系电话
   | office phone of security | text sensitive
security_mobile | 网络安全责任部门负责人移动电话、网络安全责任部门负责人手机、网络安全责任部门负责人手机号
   | mobile phone of security | text sensitive
security_email | 网络安全责任部门负责人电子邮箱、网络安全责任部门负责人电子邮件、网络安全责任部门负责人邮箱
   | e-mail of security | text sensitive
data_department | 数据安全管理部门、数据安全部门 | data security department | text
data_person | 数据安全管理部门负责人、数据安全管理部门负责人姓名 | head of data security | text sensitive
data_title | 数据安全管理部门负责人职务、数据安全管理部门负责人职务/职称 | title of the head of data security | text
data_phone | 数据安全管理部门负责人办公电话、数据安全管理部门负责人电话、数据安全管理部门负责人联系电话
   | office phone of data security | text sensitive
data_mobile | 数据安全管理部门负责人移动电话、数据安全管理部门负责人手机、数据安全管理部门负责人手机号
   | mobile phone of data security | text sensitive
data_email | 数据安全管理部门负责人电子邮箱、数据安全管理部门负责人电子邮件、数据安全管理部门负责人邮箱
   | e-mail of data security | text sensitive
filled_by | 填表人 | filled in by | text sensitive
filled_on | 填表日期 | filled in on | date
evidence | 佐证材料 | evidence | texts | 文件名，或 @文件 记下其 SHA-256
remark | 备注 | remark | long
# filing filings | 等级保护备案 | classified protection filings
key: system
expires: valid_until
basis: 《网络安全等级保护备案表》（2025 版）表二、表三；公网安〔2025〕1846号问 6
verified: no
system* | 业务系统 | system | text -> system
organisation | 责任单位 | organisation | text -> organisation
object_type | 定级对象类型、对象类型 | object type | texts
deployment | 部署情况、部署方式 | deployment | text
business_type | 业务类型、业务类别 | business type | text
business | 业务描述 | business | long
online_on | 投入使用日期、上线日期、运行时间 | in use since | date
service_scope | 服务范围 | service scope | text
service_targets | 服务对象 | served | text
coverage | 网络覆盖范围、覆盖范围 | coverage | text
network | 网络性质 | network nature | text
domains | 域名 | domain names | texts
source_addresses | 源站 IP 范围 | source addresses | texts
protocols | 主要协议和端口、主要协议/端口、主要协议、主要端口 | main protocols and ports | texts
interconnection | 网络互联情况 | interconnection | text
parent_system | 所属上级系统 | parent system | text -> system
parent_organisation | 上级系统所属单位 | parent system's unit | text
technologies | 新技术新应用、采用技术类型 | technologies | texts | 云计算、移动互联、物联网、工业控制、大数据
damage_s | 业务信息受损害的客体和程度、业务信息安全被破坏时所侵害的客体及程度 | harm to the information | text
damage_a | 系统服务受损害的客体和程度、系统服务安全被破坏时所侵害的客体及程度 | harm to the service | text
level_s | 业务信息安全保护等级、业务信息安全等级、业务信息等级 | information level (S) | integer 1..5
   | GB/T 22240-2020 表 1
level_a | 系统服务安全保护等级、系统服务安全等级、系统服务等级 | service level (A) | integer 1..5 | GB/T 22240-2020 表 1
level* | 安全保护等级、等保等级、等保级别、定级、级别、等级、系统级别、备案级别 | level | integer 1..5
graded_on | 定级时间、定级日期 | graded on | date
grading_report | 定级报告 | grading report | flag
expert_review | 专家评审、专家评审情况 | expert review | flag
authority | 上级主管部门 | competent authority | text
authority_review | 主管部门审核 | authority's review | flag
protection_plan | 保护工作方案 | protection plan | flag
number | 备案证明编号、备案编号、备案号、备案证编号、等保备案号 | filing number | text /[0-9A-Za-z]{11}-[0-9A-Za-z]{5}/
police | 受理机关、备案机关、受理单位 | filed with | text
filed_on | 备案日期、发证日期 | filed on | date
valid_until | 有效期至、备案有效期、证明有效期至、备案证明有效期至、备案有效期至 | valid until | date
filled_by | 填表人 | filled in by | text sensitive
filled_on | 填表日期 | filled in on | date
evidence | 佐证材料 | evidence | texts | 文件名，或 @文件 记下其 SHA-256
remark | 备注 | remark | long
# technology technologies | 新技术新应用场景 | new technology in use
key: system technology
basis: 《网络安全等级保护备案表》（2025 版）表四
verified: no
system* | 业务系统 | system | text -> system
technology* | 技术类型、应用场景类型、新技术类型 | technology | choice
- cloud | 云计算、云、云计算平台 | cloud computing
- mobile | 移动互联、移动互联网 | mobile
- iot | 物联网 | internet of things
- ics | 工业控制、工业控制系统、工控 | industrial control
- big_data | 大数据、大数据平台 | big data
role | 责任主体类型、角色、云计算角色 | role | text | 云服务商、云服务客户
service_mode | 服务模式、云服务模式 | service mode | texts | IaaS、PaaS、SaaS
deployment_mode | 部署模式、云部署模式 | deployment mode | text
customers | 云服务客户数量、客户数量、云租户数量 | customers | integer 0..
infrastructure_place | 基础设施所在地、云计算基础设施所在地、大数据基础设施所在地 | place of the infrastructure | text
operation_place | 运维所在地、运维地点、运维地 | place of operation | text
provider | 平台服务商、云服务商、云服务商名称、服务商名称 | provider | text
platform | 平台名称、云平台名称、云计算平台名称、大数据平台名称 | platform | text
platform_level | 平台安全保护等级、平台等级、云平台等级、平台等保级别 | platform's level | integer 1..5
platform_number | 平台备案编号、平台备案证明编号、云平台备案编号、平台备案号 | platform's filing number | text
   /[0-9A-Za-z]{11}-[0-9A-Za-z]{5}/
apps | 移动应用名称、APP 名称、小程序名称 | mobile applications | texts
wireless | 无线通道、无线接入方式 | wireless channel | text
terminals | 移动终端、移动终端类型 | terminals | text
perception | 感知层 | perception layer | text
transport | 网络传输层、传输层 | transport layer | text
layers | 功能层次、工控功能层次 | functional layers | texts
components | 系统构成、工控系统构成、大数据构成 | components | texts
cross_border | 数据出境、涉及数据出境 | data leaves the country | flag
applications | 大数据应用数量、应用数量 | applications | integer 0..
evidence | 佐证材料 | evidence | texts | 文件名，或 @文件 记下其 SHA-256
remark | 备注 | remark | long
# data_survey data_surveys | 数据摸底调查 | data surveys
key: name organisation system
basis: 《网络安全等级保护备案表》（2025 版）表六；公网安〔2025〕1846号问 14–16：按单位填，最小数据类别一类一份
verified: no
name* | 数据名称、数据项名称、数据资源名称 | data | text | 最小数据类别，如 金融账户，不写到 手机号码 这样的字段
level | 拟定数据级别、数据级别、数据分级 | proposed level | choice
- general | 一般数据、一般 | general
- important | 重要及以上数据、重要数据、核心数据、重要、核心、重要及以上 | important or above
category | 数据类别、数据分类 | category | text
organisation | 责任单位 | organisation | text -> organisation
system | 业务系统 | system | text -> system
data | 数据资产、数据资产编号、数据资产名称 | data asset | text -> data
department | 数据安全责任部门 | department in charge | text
person | 数据安全责任部门负责人、数据安全负责人 | person in charge | text sensitive
phone | 联系电话 | phone | text sensitive
volume_gb | 数据总量（GB）、数据总量GB、数据量（GB） | volume in GB | number 0.. in gigabytes
records_10k | 数据总量（万条）、数据总量万条、数据量（万条）、数据条数（万条） | records in 10,000
   | number 0.. in myriads
growth_gb | 月增长量（GB）、月增长量GB、数据月增长量（GB） | growth a month in GB | number 0.. in gigabytes
growth_10k | 月增长量（万条）、月增长量万条、数据月增长量（万条） | growth a month in 10,000 records
   | number 0.. in myriads
exchanges | 与其他数据处理者的交互、与其他数据处理者交互情况、与其他数据处理者的交互情况、数据交互情况
   | exchange with other processors | texts
from_units | 来源单位、数据来源单位 | comes from | texts
to_units | 流出单位、数据流出单位 | goes to | texts
platform | 存储位置（云平台/名称）、存储位置、存储位置云平台/名称、存储位置云平台名称、存储位置云平台、存储云平台、
  存储平台 | stored on | text
room | 存储机房、存储位置机房 | machine room | text
region | 存储地域、存储位置地域 | region | text
origin | 数据来源 | origin | texts
personal | 个人信息涉及情况、涉及个人信息情况、涉及个人信息、是否涉及个人信息 | personal information | text
filled_on | 填表日期、填报日期、调查日期 | filled in on | date
evidence | 佐证材料 | evidence | texts | 文件名，或 @文件 记下其 SHA-256
remark | 备注 | remark | long
"""
