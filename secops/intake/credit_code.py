"""The unified social credit code (统一社会信用代码) and its check character, GB 32100-2015."""

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LENGTH: Final = 18


def check_character(body: str) -> str:
    """The 18th character for the first 17: weights 3^i mod 31, complement to 31. Raises ValueError."""
    if len(body) != LENGTH - 1 or any(each not in ALPHABET for each in body):
        raise ValueError(f"17 characters of {ALPHABET}")
    total = sum(ALPHABET.index(each) * pow(3, at, 31) for at, each in enumerate(body))
    return ALPHABET[-total % 31]


def is_valid(code: str) -> bool:
    """Whether the code is 18 characters of the alphabet and its check character fits."""
    return len(code) == LENGTH and all(each in ALPHABET for each in code) and check_character(code[:-1]) == code[-1]
