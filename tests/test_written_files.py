"""A folder of files that glane wrote: what somebody changed in it since is not lost."""

import json

import pytest

from glane.assess.files import write_folder
from glane.errors import RunError
from glane.storage import replace_file

FILES = {"gold.parquet": b"one", "agreement.json": b"two", "report.html": b"three"}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("changed", [b"by hand", b"", b"one "])
def test_a_file_that_was_changed_is_not_replaced(tmp_path, name, changed):
    write_folder(tmp_path, FILES)
    (tmp_path / name).write_bytes(changed)
    with pytest.raises(RunError, match=rf"{name} was changed since glane wrote it\. Choose another out\.dir, or move"):
        write_folder(tmp_path, {one: content + b" new" for one, content in FILES.items()})
    assert {one: (tmp_path / one).read_bytes() for one in FILES} == {**FILES, name: changed}
    (tmp_path / name).unlink()
    write_folder(tmp_path, dict.fromkeys(FILES, b"new"))
    assert (tmp_path / name).read_bytes() == b"new"


def test_what_is_as_it_was_is_replaced_again_and_again(tmp_path):
    for turn in range(3):
        write_folder(tmp_path, {name: content + bytes([turn]) for name, content in FILES.items()})


def test_a_writer_that_was_killed_half_way_is_not_taken_for_a_change(tmp_path, monkeypatch):
    write_folder(tmp_path, FILES)
    new = {name: content + b" new" for name, content in FILES.items()}
    with monkeypatch.context() as patched:
        left = [2]

        def replace_two(*given, **named):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            replace_file(*given, **named)

        patched.setattr("glane.assess.files.replace_file", replace_two)
        with pytest.raises(KeyboardInterrupt):
            write_folder(tmp_path, new)
    write_folder(tmp_path, {name: content + b" newer" for name, content in FILES.items()})


def test_writers_that_were_killed_again_and_again_lock_nobody_out(tmp_path, monkeypatch):
    write_folder(tmp_path, FILES)
    for number in range(5):
        with monkeypatch.context() as patched:

            def killed(*_, **__):
                raise KeyboardInterrupt

            patched.setattr("glane.assess.files.replace_file", killed)
            with pytest.raises(KeyboardInterrupt):
                write_folder(tmp_path, {name: content + bytes([number]) for name, content in FILES.items()})
    write_folder(tmp_path, {name: content + b" newer" for name, content in FILES.items()})


def test_files_of_an_earlier_glane_have_no_digest_and_are_replaced(tmp_path):
    write_folder(tmp_path, FILES)
    record = json.loads((tmp_path / ".glane-files").read_text())
    old = {"kind": "glane files", "version": 1, "names": record["names"]}
    (tmp_path / ".glane-files").write_text(json.dumps(old))
    (tmp_path / "gold.parquet").write_bytes(b"by hand")
    write_folder(tmp_path, FILES)
