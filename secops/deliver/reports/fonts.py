"""Is there a Chinese font? Asked of fontconfig, which the PDF's text layout asks too; a PDF without one shows boxes."""

import ctypes
import ctypes.util
from functools import cache

from secops.core.errors import UsageError
from secops.core.language import say

_WANTED = ("Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "WenQuanYi Zen Hei", "Microsoft YaHei")
_HINT = "apt-get install fonts-noto-cjk"


@cache
def chinese() -> tuple[tuple[str, str, int], ...]:
    """Family, file and face number of every installed font that has simplified Chinese; the best first."""
    name = ctypes.util.find_library("fontconfig") or "libfontconfig.so.1"
    try:
        library = ctypes.CDLL(name)
    except OSError:
        return ()
    found = sorted(set(_listed(library)), key=_rank)
    return tuple(found)


def chinese_file() -> tuple[str, int]:
    """File and face number of the font to draw with. Raises UsageError where there is none."""
    needed()
    _, place, index = chinese()[0]
    return place, index


def needed() -> None:
    """Raises UsageError, naming what to install, where no Chinese font is."""
    if not chinese():
        raise UsageError(
            "E6304",
            say("没有安装中文字体，汉字会变成方框", "no Chinese font is installed: characters would be boxes"),
            why="fontconfig :lang=zh-cn",
            hint=say(f"{_HINT}；或改用 -f html、-f xlsx", f"{_HINT}; or -f html, -f xlsx"),
        )


def _rank(one: tuple[str, str, int]) -> tuple[int, bool, str, int]:
    family, place, index = one
    known = next((n for n, name in enumerate(_WANTED) if name in family), len(_WANTED))
    return known, "Regular" not in place, place, index


class _Set(ctypes.Structure):
    _fields_ = (("number", ctypes.c_int), ("room", ctypes.c_int), ("fonts", ctypes.POINTER(ctypes.c_void_p)))


def _listed(library: ctypes.CDLL) -> list[tuple[str, str, int]]:
    library.FcNameParse.restype = ctypes.c_void_p
    library.FcNameParse.argtypes = [ctypes.c_char_p]
    library.FcObjectSetBuild.restype = ctypes.c_void_p
    library.FcFontList.restype = ctypes.POINTER(_Set)
    library.FcFontList.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    library.FcPatternGetString.argtypes = [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_char_p),
    ]  # fmt: skip
    library.FcPatternGetInteger.argtypes = [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_int),
    ]  # fmt: skip
    pattern = library.FcNameParse(b":lang=zh-cn")
    wanted = library.FcObjectSetBuild(b"family", b"file", b"index", ctypes.c_void_p(None))
    fonts = library.FcFontList(None, pattern, ctypes.c_void_p(wanted))
    found = []
    for place in range(fonts.contents.number):
        one = fonts.contents.fonts[place]
        family, file, index = ctypes.c_char_p(), ctypes.c_char_p(), ctypes.c_int()
        if library.FcPatternGetString(one, b"file", 0, ctypes.byref(file)) or file.value is None:
            continue
        library.FcPatternGetString(one, b"family", 0, ctypes.byref(family))
        library.FcPatternGetInteger(one, b"index", 0, ctypes.byref(index))
        found.append(((family.value or b"").decode("utf-8", "replace"), file.value.decode(), index.value & 0xFFFF))
    return found
