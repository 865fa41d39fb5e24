"""Files that are written whole or not at all."""

import os
import stat

import pytest

from leadline.storage import write_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("content", "data"), [("α ± β\n", "α ± β\n".encode()), (b"\x00\xff", b"\x00\xff")])
def test_text_is_written_in_utf8_and_bytes_as_they_are(tmp_path, content, data):
    write_whole(tmp_path / "f", content)
    assert (tmp_path / "f").read_bytes() == data
    assert names(tmp_path) == ["f"]


def test_an_old_file_is_replaced(tmp_path):
    (tmp_path / "f").write_text("a long old content")
    write_whole(tmp_path / "f", "new")
    assert (tmp_path / "f").read_text() == "new"


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_failure_keeps_the_old_file_and_leaves_no_other(tmp_path, monkeypatch, step):
    def fail(*given):
        raise OSError(28, "No space left on device")

    (tmp_path / "f").write_text("old")
    monkeypatch.setattr(step, fail)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "f", "new")
    monkeypatch.undo()
    assert (tmp_path / "f").read_text() == "old"
    assert names(tmp_path) == ["f"]


def test_an_interrupt_keeps_the_old_file_and_leaves_no_other(tmp_path, monkeypatch):
    def interrupt(handle):
        raise KeyboardInterrupt

    (tmp_path / "f").write_text("old")
    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "f", "new")
    monkeypatch.undo()
    assert (tmp_path / "f").read_text() == "old"
    assert names(tmp_path) == ["f"]


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        write_whole(tmp_path / "no" / "f", "x")


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_file_is_as_open_as_the_user_s_other_files(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "f", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o640
