"""File operations among files that a model may have planted: never through a symlink, never half.

What a model could have put on the way to a file is met with folder descriptors: each folder below a trusted
top is opened by its name in the one before, and a link is refused by the kernel, at the moment of the use.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Generator, Iterable
from pathlib import Path, PurePath

from autopack.errors import DiskFull

_LEAST_BYTES = 8 * 1024 * 1024
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder, however deep and whatever its rights. Gone is fine.

    The folder that holds it has to be out of a model's reach; otherwise `remove_below`.
    """
    try:
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        _remove(path.name, parent)
    finally:
        os.close(parent)


def remove_below(top: Path, relative: str | PurePath) -> None:
    """`remove` for a path below `top`. What is behind a link is not below it, and stays."""
    *folders, name = PurePath(relative).parts
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), _folder_below(top, folders) as parent:
        _remove(name, parent)


def empty_below(top: Path, relative: str | PurePath) -> None:
    """Make a folder below `top` exist with nothing in it, but where a file or a link is on the way to it."""
    *folders, name = PurePath(relative).parts
    with contextlib.suppress(NotADirectoryError), _folder_below(top, folders, make=True) as parent:
        try:
            folder = _open_folder(name, parent)
        except (FileNotFoundError, NotADirectoryError):
            _remove(name, parent)
            os.mkdir(name, dir_fd=parent)
            return
        try:
            _empty(folder)
        finally:
            os.close(folder)


def copy_below(origin: Path, top: Path, relative: str | PurePath) -> None:
    """Copy a file to a path below `top`, in place of what is there.

    Raises `NotADirectoryError` where a file or a link is where one of its folders should be.
    """
    *folders, name = PurePath(relative).parts
    with origin.open("rb") as read, _folder_below(top, folders, make=True) as parent:
        mode = stat.S_IMODE(os.fstat(read.fileno()).st_mode) | stat.S_IRUSR | stat.S_IWUSR
        _remove(name, parent)
        with os.fdopen(os.open(name, _NEW_FILE, mode, dir_fd=parent), "wb") as written:
            shutil.copyfileobj(read, written)


def make_readable_below(top: Path, relative: str | PurePath) -> bool:
    """Give ourselves the right to read and write a file; False where that is not what it lacks."""
    *folders, name = PurePath(relative).parts
    try:
        with _folder_below(top, folders) as parent:
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
            if not stat.S_ISREG(mode) or mode & 0o600 == 0o600:
                return False
            _grant(name, parent, stat.S_IMODE(mode) | 0o600)
            return True
    except (FileNotFoundError, NotADirectoryError):
        return False


def release_pipes(top: Path) -> None:
    """Remove every named pipe below a folder, and let go whoever waits at one: it reads an empty file."""
    pending = [str(top)]
    while pending:
        with contextlib.suppress(OSError), os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif not entry.is_file(follow_symlinks=False) and not entry.is_symlink():
                    _release(entry)


def _release(entry: os.DirEntry[str]) -> None:
    if stat.S_ISFIFO(entry.stat(follow_symlinks=False).st_mode):
        handle = os.open(entry.path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW)
        os.unlink(entry.path)  # noqa: PTH108
        os.close(handle)


def own_folder(path: Path) -> None:
    """Make a path be a folder and no link to one."""
    if path.is_symlink() or not path.is_dir():
        remove(path)
        path.mkdir(parents=True)


def write_durably(path: Path, data: bytes) -> None:
    """Write aside, sync, rename: the file is there whole or not at all."""
    handle, aside = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)  # noqa: PTH105
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def refuse_full_disk(folder: Path) -> None:
    """Raise `DiskFull` where a folder's disk has next to no room left."""
    free = shutil.disk_usage(folder).free
    if free < _LEAST_BYTES:
        raise DiskFull(
            f"The disk of {folder} is full ({free:,} bytes are left), and a command failed there.",
            hint="Free some room on that disk, then resume the run; no attempt was used up.",
        )


def holds(path: Path, data: bytes) -> bool:
    """Whether a path is a regular file (no link) with exactly these bytes."""
    try:
        return stat.S_ISREG(path.lstat().st_mode) and path.read_bytes() == data
    except OSError:
        return False


def behind_a_link(top: Path, relative: str) -> bool:
    """Whether some folder between `top` and the path is a symlink."""
    folder = top
    for part in Path(relative).parts[:-1]:
        folder /= part
        if folder.is_symlink():
            return True
    return False


@contextlib.contextmanager
def _folder_below(top: Path, folders: Iterable[str], *, make: bool = False) -> Generator[int]:
    """A descriptor of a folder below `top`, reached through real folders only, made where asked to.

    Raises `NotADirectoryError` for the first that is something else.
    """
    handle = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    try:
        reached = PurePath()
        for name in folders:
            reached /= name
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=handle)
            try:
                inner = _open_folder(name, handle)
            except NotADirectoryError as error:
                raise NotADirectoryError(error.errno, error.strerror, str(reached)) from error
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


def _open_folder(name: str, parent: int) -> int:
    """Open a folder, with all rights for ourselves. Raises `NotADirectoryError` for all else, also a link."""
    try:
        try:
            handle = os.open(name, _FOLDER, dir_fd=parent)
        except PermissionError:
            _grant(name, parent, 0o700)
            handle = os.open(name, _FOLDER, dir_fd=parent)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), name) from error
        raise
    mode = os.fstat(handle).st_mode
    if mode & 0o700 != 0o700:
        with contextlib.suppress(PermissionError):
            os.fchmod(handle, stat.S_IMODE(mode) | 0o700)
    return handle


def _remove(name: str, parent: int) -> None:
    if _unlinked(name, parent):
        return
    folder = _open_folder(name, parent)
    try:
        _empty(folder)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=parent)


def _empty(top: int) -> None:
    """Remove all that is in a folder. Inner folders are moved up into it, so that no depth is too much."""
    moved = secrets.token_hex(8)
    count = 0
    while names := os.listdir(top):
        for name in names:
            if _unlinked(name, top):
                continue
            inner = _open_folder(name, top)
            try:
                for entry in os.listdir(inner):  # noqa: PTH208
                    if not _unlinked(entry, inner):
                        count += 1
                        _move(entry, inner, f"{moved}-{count}", top)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=top)


def _unlinked(name: str, parent: int) -> bool:
    """Remove what is not a folder; False for a folder."""
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        return True
    except (IsADirectoryError, PermissionError):
        if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            return False
        raise
    return True


def _move(name: str, parent: int, to: str, top: int) -> None:
    try:
        os.rename(name, to, src_dir_fd=parent, dst_dir_fd=top)
    except PermissionError:
        _grant(name, parent, 0o700)
        os.rename(name, to, src_dir_fd=parent, dst_dir_fd=top)


def _grant(name: str, parent: int, mode: int) -> None:
    """Set the rights of what is there, a link excepted: Linux can't be told that in `chmod` itself."""
    if os.chmod in os.supports_follow_symlinks:
        os.chmod(name, mode, dir_fd=parent, follow_symlinks=False)
        return
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=parent)
    try:
        if not stat.S_ISLNK(os.fstat(handle).st_mode):
            os.chmod(f"/proc/self/fd/{handle}", mode)  # noqa: PTH101
    finally:
        os.close(handle)
