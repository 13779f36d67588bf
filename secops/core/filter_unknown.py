"""What is said of a word that names no field, or no step, of the kind asked about, and what may have been meant."""

from difflib import get_close_matches

from secops.core.fields import by_name, by_word
from secops.core.filter_words import WIDE, titles, words
from secops.core.language import say
from secops.core.links import by_phrase, taken_by
from secops.core.model import Kind


def no_field(word: str, kind: Kind | None, *, query: bool = True) -> tuple[str, str]:
    """What is wrong, and what to try: in a query also quotes. Empty where there is nothing to try."""
    plain = word.removeprefix("@")
    field = by_word().get(plain) or titles().get(plain)
    meant = [by_name()[name] for name in WIDE.get(plain, ())] if plain == word else []
    meant = meant or ([field] if field is not None else [])
    if meant:
        kinds = ", ".join(sorted({kind for each in meant for kind in each.kinds}))
        called = f"（{field.zh}）" if field is not None else ""
        return say(
            f"{kind or '资产'} 没有字段 {plain}{called}；有它的类别：{kinds}",
            f"{kind or 'assets'} have no field {plain}; these have: {kinds}",
        ), ""
    near = [each for each in words(kind) if each.endswith(f".{plain}")][:3]
    near = near or get_close_matches(plain, [*words(kind), *titles()], n=3, cutoff=0.6)
    hint = say(f"是不是 {'、'.join(near)}？", f"did you mean {', '.join(near)}? ") if near else ""
    hint += say("要找这段文字本身就加引号", "quote it to search the text itself") if query else ""
    return say(f"没有字段 {plain}", f"no field {plain}"), hint.strip()


def no_step(word: str, kind: Kind | None) -> tuple[str, str]:
    """The same of a word before a bracket."""
    usable = dict.fromkeys(each.name for each in by_phrase().values() if taken_by(each, kind))
    choices = say("可用：", "there are: ") + ", ".join(usable) + ", org"
    if (found := by_phrase().get(word)) is not None:
        zh = f"{kind or '资产'} 没有这一步 {word}（{found.zh}）"
        return say(zh, f"{kind or 'assets'} have no step {word}"), choices
    near = get_close_matches(word, by_phrase(), n=1, cutoff=0.6)
    what = say(f"{word} 不是关系，后面不能跟括号", f"{word} is no step, no bracket may follow it")
    return what, (say(f"是不是 {near[0]}？", f"did you mean {near[0]}? ") + choices if near else choices)
