"""The file under a model: all or nothing when written, nothing believed when read."""

from __future__ import annotations

import errno
import json
import os
import pickle
import resource
import signal
import stat
import time
import tracemalloc

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from chainrule.errors import ModelFileError
from chainrule.models import container
from chainrule.models.container import read, write

DOCUMENT = {"name": "ü", "numbers": [1, 2.5, None, True], "deep": {"empty": {}}}
ARRAYS = {
    "theta": np.linspace(-1, 1, 7),
    "single": np.float32([[1.5, 2.5]]),
    "order": np.arange(3),
    "rng": np.uint32([1, 2]),
    "none": np.zeros(0),
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.model"
    write(path, DOCUMENT, ARRAYS)
    return path


def rewrite(path, change):
    """Put other bytes into the header, with its length."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = change(data[8 : 8 + length])
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[8 + length :])


def test_what_is_written_is_read(file):
    document, arrays = read(file)
    assert document == DOCUMENT
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)


def test_any_safetensors_reader_can_read_it(file):
    np.testing.assert_array_equal(load_file(file)["theta"], ARRAYS["theta"])


def test_the_same_content_gives_the_same_bytes(file, tmp_path):
    write(tmp_path / "b.model", DOCUMENT, dict(reversed(ARRAYS.items())))
    assert (tmp_path / "b.model").read_bytes() == file.read_bytes()


def test_a_file_cut_at_any_byte_is_refused(file):
    data = file.read_bytes()
    for length in range(len(data)):
        file.write_bytes(data[:length])
        with pytest.raises(ModelFileError, match=r"a\.model"):
            read(file)


def test_any_flipped_bit_is_noticed(file):
    data = file.read_bytes()
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        file.write_bytes(changed)
        with pytest.raises(ModelFileError):
            read(file)


def test_bytes_appended_are_refused(file):
    file.write_bytes(file.read_bytes() + b"PK\x03\x04")
    with pytest.raises(ModelFileError):
        read(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a chainrule model file, or one cut short"),
        (b"\xff" * 7 + b"\x7f" + b"{}", "not a chainrule model file"),
        (b"\x00" * 64, "not a chainrule model file"),
        (pickle.dumps({"coefs_": [1.0]}), "looks like a pickle"),
        (b"PK\x03\x04" + b"\x14\x00" * 40, "looks like a ZIP"),
        (b"a,b\n1,2\n" * 9, "not a chainrule model file"),
        ((10).to_bytes(8, "little") + b"[" * 10 + b" " * 9, "the header is not valid"),
        ((200_000).to_bytes(8, "little") + b"[" * 200_000, "the header is not valid"),
        ((12).to_bytes(8, "little") + b'{"a":1,"a":2}'[:12] + b" ", "the header is not valid"),
        ((2).to_bytes(8, "little") + b"{}", "chainrule did not write"),
    ],
)
def test_foreign_bytes_are_refused(tmp_path, content, message):
    path = tmp_path / "foreign"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=message):
        read(path)


def test_a_pickle_is_never_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        (tmp_path / "bomb").write_bytes(pickle.dumps(Bomb(), protocol))
        with pytest.raises(ModelFileError):
            read(tmp_path / "bomb")
    assert not (tmp_path / "ran").exists()


def test_a_safetensors_file_of_others_is_refused(tmp_path):
    save_file({"w": np.zeros(3)}, tmp_path / "other", metadata={"format": "pt"})
    with pytest.raises(ModelFileError, match="chainrule did not write"):
        read(tmp_path / "other")


def test_a_newer_format_names_both_versions(file):
    rewrite(file, lambda header: header.replace(b'format_version\\":1', b'format_version\\":2'))
    with pytest.raises(ModelFileError, match="format version 2; this chainrule reads version 1"):
        read(file)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"dtype":"F64"', b'"dtype":"F16"'),
        (b'"shape":[7]', b'"shape":[9]'),
        (b'"shape":[7]', b'"shape":[4611686018427387904,4]'),
        (b'"theta"', b'"order"'),
        (b'"theta"', b'"../theta"'),
        (b'\\"deep\\"', b'\\"name\\"'),
        (b"2.5", b"NaN"),
        (b"2.5", b"9" * 5000),
        (b"2.5", b"[" * 100_000),
        (b'\\"sha256\\"', b'\\"sha512\\"'),
    ],
)
def test_a_forged_header_is_refused(file, old, new):
    def change(header):
        assert old in header
        return header.replace(old, new, 1)

    rewrite(file, change)
    with pytest.raises(ModelFileError):
        read(file)


def test_paths_that_cannot_be_read(tmp_path):
    with pytest.raises(ModelFileError, match="no such file"):
        read(tmp_path / "absent")
    with pytest.raises(ModelFileError, match="is a directory"):
        read(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="not a regular file"):
        read(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="cannot be read"):
        read("nul\0byte")


def failing(error):
    def fail(*_, **__):
        raise error

    return fail


@pytest.mark.parametrize("call", ["open", "fsync", "replace", "fchmod"])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), PermissionError(errno.EACCES, "denied")])
def test_a_failure_leaves_the_old_file_and_nothing_else(file, monkeypatch, call, error):
    before = file.read_bytes()
    monkeypatch.setattr(container.os, call, failing(error))
    with pytest.raises(type(error), match="could not be saved") as raised:
        write(file, {"new": 1}, ARRAYS)
    monkeypatch.undo()
    assert raised.value.errno == error.errno
    assert raised.value.filename == str(file)
    assert os.listdir(file.parent) == [file.name]
    assert file.read_bytes() == before


def test_a_full_disk_leaves_the_old_file(file):
    before, limits = file.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="could not be saved") as raised:
            write(file, DOCUMENT, {"theta": np.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert raised.value.errno == errno.EFBIG
    assert os.listdir(file.parent) == [file.name]
    assert file.read_bytes() == before


def test_an_interrupt_leaves_the_old_file(file, monkeypatch):
    before = file.read_bytes()
    monkeypatch.setattr(container.os, "fsync", failing(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        write(file, {"new": 1}, ARRAYS)
    assert os.listdir(file.parent) == [file.name]
    assert file.read_bytes() == before


def test_killed_while_saving_the_old_or_the_new_file_is_there(file):
    generator = np.random.default_rng(0)
    for _ in range(25):
        child = os.fork()
        if child == 0:
            # The child must never return into the test runner.
            try:
                for number in range(10**6):
                    write(file, {"number": number}, {"theta": np.full(20_000, float(number))})
            finally:
                os._exit(1)
        time.sleep(float(generator.uniform(0, 0.02)))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        document, arrays = read(file)
        assert document == DOCUMENT or np.all(arrays["theta"] == document["number"])


def test_a_symbolic_link_keeps_pointing_to_the_new_file(file, tmp_path):
    link = tmp_path / "link.model"
    link.symlink_to(file.name)
    write(link, {"new": 1}, {})
    assert link.is_symlink()
    assert read(file)[0] == {"new": 1}


def test_permissions_follow_the_umask_and_then_the_file(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "new", {}, {})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o604)
    write(tmp_path / "new", {}, {})
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o604


def test_targets_that_are_no_files_are_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="could not be saved"):
        write(tmp_path, {}, {})
    with pytest.raises(FileNotFoundError, match="could not be saved"):
        write(tmp_path / "absent" / "a.model", {}, {})
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        write(tmp_path / "pipe", {}, {})
    assert os.listdir(tmp_path) == ["pipe"]


def test_what_json_or_safetensors_cannot_hold_is_refused_before_writing(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        write(tmp_path / "a", {"x": float("nan")}, {})
    with pytest.raises(TypeError, match="complex128"):
        write(tmp_path / "a", {}, {"x": np.zeros(2, complex)})
    assert os.listdir(tmp_path) == []


def test_a_description_too_long_to_be_read_again_is_refused_before_writing(file, monkeypatch):
    before = file.read_bytes()
    monkeypatch.setattr(container, "MAX_HEADER", 2000)
    with pytest.raises(ModelFileError, match=r"at most 2,000 can be read again; nothing was written"):
        write(file, {"x": "y" * 2000}, ARRAYS)
    assert os.listdir(file.parent) == [file.name]
    assert file.read_bytes() == before


def test_reading_takes_memory_in_proportion_to_the_file(file):
    header = json.dumps(
        {"__metadata__": {"chainrule": "{}"}, "x": {"dtype": "F64", "shape": [2**40], "data_offsets": [0, 2**43]}}
    )
    file.write_bytes(len(header).to_bytes(8, "little") + header.encode())
    tracemalloc.start()
    with pytest.raises(ModelFileError):
        read(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20
