"""JSON and YAML that others wrote: whatever stands there, it is read or refused in a sentence, and nothing hangs."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, extract_here, job_here, make_settings, write_documents
from glane.errors import RecordError, RunError
from glane.keys import KeysError, parse_keyring
from glane.plain_values import NotPlainError, TooDeepError, json_values, yaml_values
from glane.records import read_record
from glane.regular import content_of
from glane.run.description import RunDescription, read_description
from glane.run.directory import RunDirectory
from glane.run.head import read_head
from glane.run.names import MARKER
from glane.settings import ModelSettings

DEEP = 100_000
BAD_YAML = {
    "a list in a list": "[" * DEEP + "]" * DEEP,
    "a list in a list, not closed": "[" * DEEP,
    "a mapping in a mapping": "{a: " * DEEP + "1" + "}" * DEEP,
    "blocks": "".join(" " * depth + "a:\n" for depth in range(1_000)),
    "lists in one line": "- " * 10_000 + "a",
    "aliases that double": "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}]\n" for n in range(40)),
    "an alias within itself": "a: &a [*a]\n",
    "a day that no month has": "a: 2026-13-45\n",
    "a number of too many digits": f"a: {'9' * 5_000}\n",
    "no number": "a: !!int x\n",
    "no number at all": "a: !!int ''\n",
    "no truth": "a: !!bool x\n",
    "no time": "a: !!timestamp x\n",
    "a program": "a: !!python/object/apply:os.getpid []\n",
    "a list as a key": "? [a]\n: 1\n",
    "a control character": "a: \x01\n",
    "two documents": "a: 1\n---\nb: 2\n",
}  # fmt: skip
BAD_JSON = {
    "a list in a list": "[" * DEEP + "]" * DEEP,
    "a list in a list, of what Python reads": "[" * 400 + "]" * 400,
    "a mapping in a mapping": '{"a":' * DEEP + "1" + "}" * DEEP,
    "a number of too many digits": "9" * 5_000,
    "nothing": "",
}
READ_YAML = "import sys; from glane.plain_values import yaml_values; yaml_values(sys.stdin.read())"


@pytest.mark.parametrize("name", ["a list in a list", "a mapping in a mapping"])
def test_yaml_that_is_nested_deep_does_not_end_the_process(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ_YAML], input=BAD_YAML[name], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1  # a segmentation fault is -11
    assert "nested more than 200 deep" in done.stderr


@pytest.mark.parametrize("name", BAD_YAML)
def test_yaml_that_cannot_be_read_is_one_error_and_quotes_nothing(name: str) -> None:
    with pytest.raises(NotPlainError) as error:
        yaml_values(BAD_YAML[name])
    assert len(str(error.value)) < 40


@pytest.mark.parametrize("name", BAD_JSON)
def test_json_that_cannot_be_read_is_one_error_and_quotes_nothing(name: str) -> None:
    with pytest.raises(NotPlainError) as error:
        json_values(BAD_JSON[name])
    assert len(str(error.value)) < 40
    assert isinstance(error.value, TooDeepError) == (" in a " in name)


def test_what_is_nested_as_deep_as_may_be_is_read_and_can_be_written_again() -> None:
    for text in ("[" * 200 + "]" * 200, '{"a":' * 199 + "[]" + "}" * 199):
        assert json.loads(json.dumps(json_values(text))) == yaml.safe_load(text) == yaml_values(text)
        with pytest.raises(TooDeepError):
            json_values(f"[{text}]")
        with pytest.raises(TooDeepError):
            yaml_values(f"[{text}]")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain")
    extract_here(make_settings(write_documents(folder / "documents.parquet", ["a note"]), folder / "run"))
    return folder / "run"


@pytest.fixture
def other(run: Path, tmp_path: Path) -> Path:
    """The same run, whose files may be replaced."""
    subprocess.run(["cp", "-a", run, tmp_path / "run"], check=True)
    return tmp_path / "run"


@pytest.mark.parametrize("name", BAD_YAML)
def test_a_run_with_such_a_description_is_damaged(other: Path, name: str) -> None:
    path = other / "run.yaml"
    path.write_text(path.read_text() + f"\nmodel:\n{BAD_YAML[name]}" if name == "blocks" else BAD_YAML[name])
    directory = RunDirectory(root=other)
    for read in (read_description, read_head):
        with pytest.raises((RunError, RecordError), match="damaged|no record of glane"):
            read(directory)


COMMANDS = ("status", "verify", "runs", "replay", "export", "clean")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_says_a_sentence_of_a_run_that_somebody_made_so(other: Path, command: str, tmp_path: Path) -> None:
    (other / "run.yaml").write_text(BAD_YAML["a list in a list"])
    more = ["to=csv", f"out.dir={tmp_path}/out"] if command == "export" else []
    words = [f"folder={tmp_path}"] if command == "runs" else [f"run.dir={other}", *more]
    done = job_here(*words, name=command, check=None)
    assert done.returncode in (0, 2), done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or "run.yaml" in done.stdout + done.stderr


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _hole(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


NO_FILES: dict[str, Callable[[Path], None]] = {
    "a pipe": _pipe,
    "a device": _device,
    "a hole": _hole,
    "a folder": Path.mkdir,
}
WHAT = {"a pipe": "no regular file", "a device": "no regular file", "a hole": "File too large", "a folder": "directory"}


@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_file_is_not_read(tmp_path: Path, kind: str) -> None:
    NO_FILES[kind](tmp_path / "file")
    with pytest.raises(OSError) as error:
        content_of(tmp_path / "file")
    assert WHAT[kind] in str(error.value.strerror)


@pytest.mark.parametrize("kind", NO_FILES)
@pytest.mark.parametrize("name", [MARKER, "summary.json", "digests.json", "run.yaml", "ledger/starts.jsonl"])
@pytest.mark.parametrize("command", ["status", "verify", "export"])
def test_a_command_that_meets_none_where_a_record_was_ends_with_a_sentence(
    other: Path, command: str, name: str, kind: str, tmp_path: Path
) -> None:
    (other / name).unlink()
    NO_FILES[kind](other / name)
    more = ["to=csv", f"out.dir={tmp_path}/out"] if command == "export" else []
    done = job_here(f"run.dir={other}", *more, name=command, check=None)
    assert done.returncode in (0, 2), done.stderr
    assert "Traceback" not in done.stderr
    if command == "verify":
        assert done.returncode == 2


def test_a_record_of_another_kind_of_file_is_told_as_that(other: Path) -> None:
    (other / "summary.json").unlink()
    os.mkfifo(other / "summary.json")
    with pytest.raises(RecordError, match=r"summary.json: cannot be read \(it is no regular file\)"):
        read_record(RunDescription, other / "summary.json")


def test_keys_that_are_nested_deep_are_no_keys() -> None:
    for text in BAD_YAML.values():
        with pytest.raises(KeysError, match="no keys"):
            parse_keyring(text, place="keys")


def test_an_argument_of_an_engine_is_not_let_through_because_it_is_nested_too_deep_to_look_at() -> None:
    hidden = '{"a":' + "[" * 300 + "]" * 300 + ',"trust_remote_code":true}'
    with pytest.raises(ValueError, match="nested too deep to be looked at"):
        ModelSettings.model_validate(
            {"name": "a", "engine": "vllm", "path": "x", "engine_args": {"hf_overrides": hidden}}
        )


# Readers that have reasons of their own; all others read by `glane.plain_values`.
_OWN_READERS = {
    "composition/files.py": "names the line of what was typed wrong",
    "keys.py": "looks for an id that stands twice, in what was read before",
    "reporting/items.py": "a file of glane's own",
    "programs/process.py": "an answer of a confined process, within bounds",
    "programs/child.py": "what glane's own process sends",
    "reading/parse.py": "an answer of a model, of which no key may stand twice",
    "conditions/trees.py": "what Polars says of an expression",
    "tables/json_rows.py": "names line and column",
    "form.py": "text that was made here",
    "task/shortest.py": "a schema that was made here",
    "task/imports.py": "keeps numbers as they are written",
    "engine/samples.py": "a schema that was made here",
    "engine/copying.py": "text that was made here",
    "engine/buildable.py": "a library's name",
    "engine/chat_tokenizer.py": "what a library says of itself",
    "engine/safetensors.py": "of which no key may stand twice",
    "assess/review/same.py": "text that was made here",
    "assess/attacks/asked.py": "text that was made here",
    "ingestion/ocr/endpoint.py": "an answer of a server, within bounds",
    "ingestion/ocr/answers.py": "an answer of a server, within bounds",
    "job/erase/run.py": "a record that was read before",
    "cluster/joined.py": "what glane's own process wrote",
    "cluster/raynode.py": "what glane's own process was told",
    "guard/policy.py": "what glane's own process was told",
    "briefs/tables.py": "a column of a table of glane",
    "documents/wire.py": "an answer of a confined process, within bounds",
    "plain_values.py": "the one reader",
}


def test_json_and_yaml_of_files_are_read_in_one_place() -> None:
    found = {}
    for path in sorted((ROOT / "lib" / "glane").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in _LOADERS:
                found[str(path.relative_to(ROOT / "lib" / "glane"))] = ast.unparse(node.func)
    assert set(found) <= set(_OWN_READERS), "read by glane.plain_values, or tell here why not"


_LOADERS = {"json.load", "json.loads", "yaml.load", "yaml.safe_load", "yaml.compose", "yaml.full_load"}
