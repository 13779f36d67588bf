"""Signing keys: private ones encrypted under a passphrase file, public ones in the workspace's trust folder.

`keys/<name>.key` is PKCS8 PEM, encrypted; `trust/<name>.pub` is SubjectPublicKeyInfo PEM. A key's id is derived from
the key itself, so a file's name is only what people call it. Whoever may write the trust folder decides whom the
program believes: it is refused when everybody may.
"""

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from secops.core.errors import Refused, UsageError
from secops.core.language import say

_NAME: Final = re.compile(r"[\w-][\w.-]{0,63}")
_MOST: Final = 16_384
SHORTEST: Final = 8
"""Characters of a passphrase."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """A public key and what people call it."""

    name: str
    id: str
    key: Ed25519PublicKey

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Did this key sign the message?"""
        try:
            self.key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


def key_id(key: Ed25519PublicKey) -> str:
    """32 hex digits of the SHA-256 over the raw public key."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:32]


def generate(name: str, passphrase: bytes, keys: Path, trust: Path) -> Trusted:
    """Make a key pair: the private half into `keys`, the public into `trust`. Never over an existing file."""
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            "E2304",
            say("密钥名只用文字、数字、点、- 和 _", "a key's name is letters, digits, dot, - and _"),
            where=name,
        )
    private = Ed25519PrivateKey.generate()
    secret = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )
    public = private.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    trust.mkdir(mode=0o755, parents=True, exist_ok=True)
    if (trust / f"{name}.pub").exists():
        raise _exists(trust / f"{name}.pub")
    _create(keys / f"{name}.key", secret, 0o600)
    _create(trust / f"{name}.pub", pem, 0o644)
    return Trusted(name, key_id(public), public)


def private_key(path: Path, passphrase: bytes) -> Ed25519PrivateKey:
    """The decrypted signing key. Raises UsageError E2301, E2302."""
    data = _read(path, "E2302", say("密钥文件读不了", "the key file cannot be read"))
    try:
        key = serialization.load_pem_private_key(data, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(
            "E2301",
            say(
                "密钥打不开：口令不对，或不是加密的 Ed25519 密钥",
                "the key does not open: wrong passphrase, or no encrypted key",
            ),
            where=str(path),
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError("E2302", say("不是 Ed25519 密钥", "not an Ed25519 key"), where=str(path))
    return key


def passphrase(path: Path) -> bytes:
    """The first line of a passphrase file that only its owner may read. Raises UsageError E2303."""
    data = _read(path, "E2303", say("口令文件读不了", "the passphrase file cannot be read"))
    mode = path.stat().st_mode
    if stat.S_ISREG(mode) and mode & 0o077:
        raise UsageError(
            "E2303",
            say("口令文件别人也能读", "others may read the passphrase file"),
            where=str(path),
            hint=f"chmod 600 {path}",
        )
    word = data.split(b"\n", 1)[0].rstrip(b"\r")
    if len(word) < SHORTEST:
        raise UsageError(
            "E2303",
            say(f"口令不足 {SHORTEST} 个字符", f"a passphrase has at least {SHORTEST} characters"),
            where=str(path),
        )
    return word


def public_key(path: Path) -> Trusted:
    """The key of this file. Raises UsageError E2302."""
    data = _read(path, "E2302", say("公钥文件读不了", "the public key file cannot be read"))
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError("E2302", say("不是 Ed25519 公钥", "not an Ed25519 public key"), where=str(path))
    return Trusted(path.stem, key_id(key), key)


def trusted(folder: Path) -> tuple[Trusted, ...]:
    """Every key of the trust folder. Raises Refused E2105 when anybody may write there or a file is no public key."""
    if not folder.is_dir():
        return ()
    _private(folder)
    found: list[Trusted] = []
    for path in sorted(folder.glob("*.pub")):
        _private(path)
        try:
            key = serialization.load_pem_public_key(
                _read(path, "E2105", say("公钥读不了", "a public key cannot be read"))
            )
        except (ValueError, UnsupportedAlgorithm, UsageError) as error:
            raise _distrust(path, say("不是公钥文件", "no public key")) from error
        if not isinstance(key, Ed25519PublicKey):
            raise _distrust(path, say("不是 Ed25519 公钥", "not an Ed25519 public key"))
        found.append(Trusted(path.stem, key_id(key), key))
    return tuple(found)


def _private(path: Path) -> None:
    mode = path.stat().st_mode
    if mode & stat.S_IWOTH:
        raise _distrust(path, say("任何人都能改写它", "anybody may write it"), f"chmod o-w {path}")


def _distrust(path: Path, why: str, hint: str = "") -> Refused:
    what = say("受信任公钥目录不可用", "the trust folder cannot be relied on")
    return Refused("E2105", what, where=str(path), why=why, hint=hint or say("移走这个文件", "take this file away"))


def _read(path: Path, code: str, what: str) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_MOST)
    except OSError as error:
        hint = say("用 secops scope keygen 新建密钥", "secops scope keygen makes a key") if code == "E2302" else ""
        raise UsageError(code, what, where=str(path), why=error.strerror or str(error), hint=hint) from error


def _create(path: Path, data: bytes, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    except FileExistsError as error:
        raise _exists(path) from error
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(handle)


def _exists(path: Path) -> UsageError:
    return UsageError(
        "E2304",
        say("同名密钥已存在", "a key of that name exists"),
        where=str(path),
        hint=say("换一个名字", "take another name"),
    )
