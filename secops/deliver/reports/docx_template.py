"""The Word template that ships: made here, copied out by `report template copy`, then edited in Word like any document.

Words in double braces are filled in; `{%tr … %}` rows, `{%tc … %}` columns and `{%p … %}` paragraphs repeat.
"""

from pathlib import Path

from secops.core.language import say
from secops.deliver.reports.extra import needs

NAME = "report.docx"
FACE = "等线"


def make(path: Path) -> None:
    """Write the template. Raises OSError, UsageError without the extra."""
    needs("docx")
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    book = Document()
    for name, size in (("Normal", 9), ("Title", 22), ("Heading 1", 14), ("Caption", 9)):
        style = book.styles[name]
        style.font.name, style.font.size = FACE, Pt(size)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for each in ("w:eastAsia", "w:ascii", "w:hAnsi"):
            fonts.set(qn(each), FACE)
        for each in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(each), None)
    _spoken(book)
    part = book.sections[0]
    part.orientation = WD_ORIENT.LANDSCAPE
    part.page_width, part.page_height = Mm(297), Mm(210)
    part.left_margin = part.right_margin = Mm(14)
    part.top_margin = part.bottom_margin = Mm(16)
    foot = part.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    foot.add_run("{{ title }}  " + say("第 ", "page "))
    _field(foot, "PAGE")
    foot.add_run(say(" 页 共 ", " of "))
    _field(foot, "NUMPAGES")
    foot.add_run(say(" 页", ""))
    book.add_paragraph("{{ title }}", style="Title").alignment = WD_ALIGN_PARAGRAPH.CENTER
    _facts(book)
    book.add_paragraph("{%p for each in pictures %}")
    book.add_paragraph("{%p if each.title %}")
    book.add_paragraph("{{ each.title }}", style="Heading 1")
    book.add_paragraph("{%p endif %}")
    book.add_paragraph("{{ each.image }}").paragraph_format.space_before = Pt(10)
    book.add_paragraph("{%p endfor %}")
    book.add_paragraph("{%p for sheet in sheets %}")
    book.add_paragraph("{{ sheet.name }} ({{ sheet.size }})", style="Heading 1")
    book.add_paragraph("{%p if sheet.note %}")
    book.add_paragraph("{{ sheet.note }}", style="Caption")
    book.add_paragraph("{%p endif %}")
    book.add_paragraph("{%p if sheet.size %}")
    _list(book)
    book.add_paragraph("{%p else %}")
    book.add_paragraph(say("无", "none"))
    book.add_paragraph("{%p endif %}")
    book.add_paragraph("{%p if sheet.left_out %}")
    book.add_paragraph("{{ sheet.left_out }}", style="Caption")
    book.add_paragraph("{%p endif %}")
    book.add_paragraph("{%p endfor %}")
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(str(path))


def _spoken(book) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - the library brings no types
    """Mark the words as Chinese, those in Latin letters as English, for fonts and spelling."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for lang in [*book.styles.element.iter(qn("w:lang")), *book.settings.element.iter(qn("w:themeFontLang"))]:
        lang.getparent().remove(lang)
    spoken = {"w:val": "en-US", "w:eastAsia": "zh-CN"}
    default = book.styles.element.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}")
    theme = OxmlElement("w:themeFontLang")
    for element in (theme, OxmlElement("w:lang")):
        for name, value in spoken.items():
            element.set(qn(name), value)
        if element is not theme:
            default.append(element)
    book.settings.element.find(qn("w:compat")).addnext(theme)
    book.core_properties.language = say("zh-CN", "en")


def _field(paragraph, word: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - the library brings no types
    """A number that Word computes."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    run = paragraph.add_run()
    for kind, text in (("begin", ""), ("", word), ("end", "")):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run._r.append(element)  # noqa: SLF001 - the library has no public name for it


def _facts(book) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - as above
    from docx.shared import Mm

    table = book.add_table(rows=3, cols=2)
    table.style = "Table Grid"
    table.autofit = False
    table.cell(0, 0).text = "{%tr for fact in facts %}"
    table.cell(1, 0).text, table.cell(1, 1).text = "{{ fact.label }}", "{{ fact.value }}"
    table.cell(2, 0).text = "{%tr endfor %}"
    table.columns[0].width, table.columns[1].width = Mm(35), Mm(225)
    for row in table.rows:
        row.cells[0].width, row.cells[1].width = Mm(35), Mm(225)
    table.cell(1, 0).paragraphs[0].runs[0].bold = True


def _list(book) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - as above
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    table = book.add_table(rows=4, cols=3)
    table.style = "Table Grid"
    words = (("{%tc for head in sheet.heads %}", "{{ head }}", "{%tc endfor %}"), ("{%tr for row in sheet.rows %}",),
             ("{%tc for cell in row.cells %}", "{{ cell }}", "{%tc endfor %}"), ("{%tr endfor %}",))  # fmt: skip
    for place, line in enumerate(words):
        for column, word in enumerate(line):
            cell = table.cell(place, column)
            cell.text = word
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(8)
                run.font.bold = place == 0
    for place in (0, 2):
        more = table.rows[place]._tr.get_or_add_trPr()  # noqa: SLF001 - the library has no public name for it
        more.append(OxmlElement("w:cantSplit"))
        if place == 0:
            more.append(OxmlElement("w:tblHeader"))
            for cell in table.rows[0].cells:
                shade = OxmlElement("w:shd")
                shade.set(qn("w:val"), "clear")
                shade.set(qn("w:fill"), "E4ECF4")
                cell._tc.get_or_add_tcPr().append(shade)  # noqa: SLF001 - as above
