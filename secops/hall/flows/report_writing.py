"""What the disk says while a report is written, as an error that a person can act on."""

import errno
from pathlib import Path
from typing import Final

from secops.core.errors import StoreError
from secops.core.language import say

_WHY: Final = {
    errno.ENOSPC: ("磁盘已满", "no space left"), errno.EDQUOT: ("超出磁盘配额", "quota exceeded"),
    errno.EACCES: ("没有写入权限", "permission denied"), errno.EPERM: ("没有写入权限", "permission denied"),
    errno.EROFS: ("磁盘只读", "read-only"), errno.EISDIR: ("这是目录，不是文件", "it is a folder"),
    errno.ENOTDIR: ("上级不是目录", "not a folder above it"), errno.EEXIST: ("已有同名文件", "a file of that name"),
}  # fmt: skip


def _why(error: BaseException | None) -> str:
    number = error.errno if isinstance(error, OSError) else None
    return say(*_WHY[number]) if number in _WHY else str(error)


class Writing:
    """Turns what the disk says into an error that a person can act on."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._told(error) from error

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OSError) or type(error).__name__ == "FileCreateError":
            raise self._told(error) from error

    def _told(self, error: BaseException | None) -> StoreError:
        return StoreError(
            "E6302",
            say("报表文件写不出来", "the report cannot be written"),
            where=str(self.path),
            why=_why(error),
            hint=say("检查目录、权限与磁盘空间", "check the folder, its permissions and the space"),
        )
