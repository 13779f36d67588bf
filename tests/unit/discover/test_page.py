import pytest

from secops.discover.collectors.page import read_page
from secops.discover.collectors.page_filing import filings

PLACE = ("http", "www.example.gov.cn")


def facts(body: bytes | str, content_type: str = "text/html"):
    return read_page(body if isinstance(body, bytes) else body.encode(), content_type, *PLACE).facts


@pytest.mark.parametrize(
    ("charset", "shown"),
    [("utf-8", "utf-8"), ("gbk", "gbk"), ("gb2312", "gb2312"), ("gb18030", "gb18030"), ("big5", "big5")],
)
@pytest.mark.parametrize("place", ["header", "meta", "http-equiv"])
def test_declared_encoding(charset, shown, place):
    """The title is right in every encoding in use, wherever it is declared."""
    title = "政務服務平台" if charset == "big5" else "政务服务平台" if charset != "gb18030" else "政务㐀平台"
    declared = {
        "header": "",
        "meta": f"<META CharSet='{charset.upper()}'>",
        "http-equiv": f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">',
    }[place]
    body = f"<html>{declared}<title>{title}</title>".encode(charset)
    said = facts(body, f"text/html;charset={charset}" if place == "header" else "text/html")
    assert (said["http.title"], said["http.charset"]) == (title, shown)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_byte_order_mark(codec):
    """A byte order mark beats every declaration."""
    said = facts("<title>门户网站</title><input type=password>".encode(codec), "text/html; charset=gbk")
    assert said["http.title"] == "门户网站"
    assert said["http.login_form"] is True
    assert said["http.charset"] in {"utf-8", "utf-16le"}


def test_nothing_declared():
    """Without a declaration the bytes decide: UTF-8 where they are valid, else GB18030."""
    assert facts("<title>门户网站</title>".encode())["http.charset"] == "utf-8"
    said = facts("<title>门户网站</title>".encode("gbk"))
    assert (said["http.charset"], said["http.title"]) == ("gb18030", "门户网站")
    assert "http.charset" not in facts(b"<title>plain</title>")


def test_wrong_declarations():
    """A declaration the bytes contradict is not believed, and is kept beside the facts."""
    page = read_page("<title>政务服务平台</title>".encode(), "text/html; charset=GBK", *PLACE)
    assert (page.facts["http.title"], page.facts["http.charset"]) == ("政务服务平台", "utf-8")
    assert page.extra["charset_declared"] == "gbk"
    page = read_page("<title>政务服务平台</title>".encode("gbk"), "text/html; charset=UTF-8", *PLACE)
    assert page.facts["http.title"] == "政务服务平台"
    assert facts("<title>门户</title>".encode(), "text/html;charset=ISO-8859-1")["http.title"] == "门户"
    assert facts(b"<title>caf\xe9</title>", "text/html; charset=rot13")["http.title"].startswith("caf")


def test_a_few_broken_bytes():
    """One broken byte in a GBK page costs one character, not the page."""
    body = "<meta charset=gbk><title>政务服务平台</title>".encode("gbk") + b"\xff" + "正文内容".encode("gbk")
    assert facts(body)["http.title"] == "政务服务平台"


def test_character_cut_off_at_the_end():
    """A page cut at the bound in the middle of a character is still UTF-8."""
    assert facts("<title>门户</title>内容".encode()[:-1])["http.charset"] == "utf-8"


def test_title_quirks():
    """Attributes, line breaks, entities and a missing end tag do not hide the title."""
    assert facts("<TITLE data-n='1'>\r\n 广东省 &nbsp;政务&#26381;务网\t</TITLE>")["http.title"] == "广东省 政务服务网"
    assert facts("<title>没有结束<body>正文")["http.title"] == "没有结束"
    assert "http.title" not in facts("<title></title>")
    assert "http.title" not in facts("没有")


def test_generator():
    """The generator is told with its version, whatever the order of attributes."""
    assert facts('<meta name="Generator" content="WordPress 6.4">')["http.generator"] == "WordPress 6.4"
    assert facts("<meta content='Hexo 7' name=generator>")["http.generator"] == "Hexo 7"
    assert facts("<meta name='generator' content='大汉版通发布系统'/>")["http.generator"] == "大汉版通发布系统"


@pytest.mark.parametrize(
    ("html", "icp"),
    [
        ("粤ICP备20001927号-1", "粤ICP备20001927号-1"),
        ("湘ICP备2021000846号", "湘ICP备2021000846号"),
        ("粤ICP备&nbsp;20001927&nbsp;号&nbsp;-&nbsp;1", "粤ICP备20001927号-1"),
        ("粤ＩＣＰ备２０００１９２７号－１", "粤ICP备20001927号-1"),
        ("沪ICP备：12004267", "沪ICP备12004267号"),
        ("<span>粤ICP</span>备<b>2000</b>1927<i>号</i>-01", "粤ICP备20001927号-1"),
        ("粤icp备20001927号-1<br>2024 版权所有", "粤ICP备20001927号-1"),
        ("粤ICP备20001927号-1 <p>020-1234</p>", "粤ICP备20001927号-1"),
        ("粤ICP&#22791;20001927&#21495;-3", "粤ICP备20001927号-3"),
        (r'{"icp":"\u7ca4ICP\u590720001927\u53f7"}', "粤ICP备20001927号"),
        ("<a href='https://beian.miit.gov.cn/' target='_blank'>备案序号：粤ICP备05070829号</a>", "粤ICP备05070829号"),
    ],
)
def test_icp_forms(html, icp):
    """The ICP filing number is found in every way pages write it, in one form."""
    assert facts(html)["http.icp"] == (icp,)


@pytest.mark.parametrize(
    ("html", "police"),
    [
        ("粤公网安备 44011102003303号", "粤公网安备44011102003303号"),
        ("津公网安备 ：12010302000991号", "津公网安备12010302000991号"),
        ("<img src='/ga.png'/><span>粤公网安备</span>&nbsp;4403 0602 0004 41 号", "粤公网安备44030602000441号"),
        ("<a href='http://www.beian.gov.cn/portal/registerSystemInfo?recordcode=44030602000441'><img></a>",
         "粤公网安备44030602000441号"),
        ("<a href='https://beian.mps.gov.cn/#/query/webSearch?code=51010402000991'>备案</a>",
         "川公网安备51010402000991号"),
        ("蜀公网安备51010402000991号", "蜀公网安备51010402000991号"),
        ("粤公网安备44011102003303 2024 版权所有", "粤公网安备44011102003303号"),
    ],
)  # fmt: skip
def test_police_forms(html, police):
    """The public security filing is found in the text or in the link to its register."""
    page = read_page(html.encode(), "", *PLACE)
    assert page.facts["http.police_filing"] == (police,)
    assert "filing_warnings" not in page.extra


def test_link_and_text_are_one_filing():
    """The same number in the link and in the text is told once."""
    html = (
        "<a href='http://www.beian.gov.cn/portal/registerSystemInfo?recordcode=44030602000441'>"
        "<img src='x.png'>粤公网安备 44030602000441号</a>"
    )
    assert facts(html)["http.police_filing"] == ("粤公网安备44030602000441号",)


def test_government_site_code():
    """The site code is ten digits, or two letters and eight digits; anything else is a warning."""
    assert facts("网站标识码：4400000131")["http.gov_code"] == "4400000131"
    assert facts("政府网站标识码&nbsp;bm12000001 版权")["http.gov_code"] == "bm12000001"
    odd = read_page("网站标识码：310000000044".encode(), "", *PLACE)
    assert "http.gov_code" not in odd.facts
    assert odd.extra["filing_warnings"] == ("网站标识码形式不对：310000000044",)


def test_odd_numbers_are_warnings():
    """Numbers with the mark but not the form, or of another province, are told as warnings."""
    assert filings("粤ICP备123456号").warnings == ["ICP 备案号位数不对：粤ICP备123456号"]
    assert filings("粤公网安备4401110200330号").warnings == ["公安备案号位数不对：粤公网安备4401110200330号"]
    assert filings("粤公网安备 11010202000001号").warnings == ["公安备案号省份与代码不符：粤公网安备11010202000001号"]


def test_algorithm_filing():
    """算法备案 and ICP licences stand beside the facts."""
    page = read_page("网信算备：330110507206401230035号 京ICP证030173号".encode(), "", *PLACE)
    assert page.extra["algorithm_filings"] == ("网信算备330110507206401230035号",)
    assert page.extra["icp_licences"] == ("京ICP证030173号",)


def test_words_with_the_same_character_cost_nothing():
    """设备 and 准备 are no filings, however often they stand there."""
    assert filings("设备准备" * 20_000).icp == []


def test_links_are_other_hosts_only():
    """Absolute addresses in href, src and action, their hosts once, without the site's own, namespaces and text."""
    html = """<html xmlns="http://www.w3.org/1999/xhtml"><a href="/own">x</a><a href='http://www.example.gov.cn/a'>
    <A HREF="https://Service.Example.gov.cn:443/x?y=http://no.example/"> <img src=//static.example.cn/a.png>
    <form action = "http://10.1.2.3:8080/login"> <iframe src="http://[2001:db8::1]:81/"></iframe>
    <a href="https://service.example.gov.cn/2">again</a> text http://not.a.link/ <a href="javascript://x">
    <a href="https://用户.example.cn/">"""
    assert facts(html)["http.links"] == (
        "https://service.example.gov.cn",
        "http://static.example.cn",
        "http://10.1.2.3:8080",
        "http://[2001:db8::1]:81",
        "https://xn--zouo53b.example.cn",
    )


def test_links_are_bounded():
    """A page of a million links gives fifty."""
    html = "".join(f"<a href='http://h{n}.example.cn/'>" for n in range(5_000))
    assert len(facts(html)["http.links"]) == 50


def test_sign_of_the_cross_in_links():
    """Broken hosts, user names and ports are left out or seen through."""
    html = "<a href='http://a..b/'><a href='http://1.2.3.999/'><a href='http://x:99999/'><a href='http://u:p@h.example.cn/'>"
    assert facts(html)["http.links"] == ("http://h.example.cn",)
