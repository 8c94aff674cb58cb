"""What commands made of a run, in folders of their own: what of it goes, row by row or file by file."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from glane.errors import DataError, UnreadableError
from glane.job.erase.pieces import Sought
from glane.job.erase.search import found_in_files
from glane.job.erase.tables import count_rows, csv_without, is_telling, only_telling, write_without
from glane.run.amend import amend
from glane.run.written import Call, WrittenFiles, digest_of, read_written

Does = Literal["rows", "remove", "signed", "changed", "figures"]
_WHOLE = frozenset({"claims.parquet", "export.json"})  # of commands whose files stand for nothing one by one
_EXPORT = "export.json"
# Of commands that list every document that their figures are of, in tables or pages: the first files that they write.
_LISTING = frozenset({"evaluation.json", "sample.parquet", "gold.parquet", "adjudication.html"})
COMMANDS = {  # by the first file that each writes
    "evaluation.json": "glane evaluate", "estimates.parquet": "glane estimate", "table.parquet": "glane aggregate",
    "comparison.json": "glane compare", "multiverse.json": "glane multiverse", "export.json": "glane export",
    "claims.parquet": "glane brief", "sample.parquet": "glane review", "gold.parquet": "glane review",
    "accepted.parquet": "glane calibrate", "links.parquet": "glane link", "effects.parquet": "glane studies",
    "checklists.parquet": "glane checklists", "prisma.json": "glane prisma", "attacks.json": "glane evaluate",
    "state.json": "glane screen", "plan.json": "glane cascade", "adjudication.html": "glane review",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is done with a file of a folder; `content` is what it will hold, None where it goes."""

    folder: Path
    name: str
    does: Does
    rows: int = 0
    command: str = ""
    content: bytes | None = None
    is_whole: bool = False  # all that its command wrote goes

    @property
    def path(self) -> Path:
        """Of the file."""
        return self.folder / self.name


def steps_in(
    folder: Path, *, runs: Collection[str], related: Collection[str], ids: Collection[str],
    names: Mapping[str, Collection[str]], sought: Sought, read: Collection[Path] = (),
) -> list[Step]:  # fmt: skip
    """What has to be done with the files that glane wrote into a folder.

    Args:
        folder: With `.glane-files`.
        runs: The ids of the runs that documents are erased of.
        related: Those of all that hang together with them. What is of other runs alone is left: their documents may
            have the same ids.
        ids: Of the documents.
        names: Of columns that hold ids of them: which.
        sought: What of the documents is looked for in files that have no rows.
        read: Files that are data sets or inputs of runs, of which nothing is done here.

    Raises:
        KeysError: if a file is encrypted, and its key is not told.
        RecordError: if `.glane-files` is damaged.
    """
    written = read_written(folder)
    names_here = {name for name in written.names if (folder / name).resolve() not in read}
    found: list[Step] = []
    telling, hardly = [one for one in ids if is_telling(one)], only_telling(names)  # of what tells no run
    for mark, call in written.calls.items():
        links = {link.id for told in call.told for link in told.runs}
        if not links or links & {*related}:
            told_ids, columns, what = (ids, names, sought) if links else (telling, hardly, sought.telling)
            found += _of_call(folder, written, mark, call, names_here, runs, told_ids, columns, what)
    alone = [name for name in written.names if name in names_here and written.mark_of(name) is None]
    found += _of_files(folder, written, alone, telling, hardly, sought.telling)
    return _told_once(found)


def _told_once(steps: Sequence[Step]) -> list[Step]:
    """The same without figures that an earlier call of the command in the folder is told of already."""
    seen = {step.command: step for step in reversed(steps) if step.does == "figures"}
    return [step for step in steps if step.does != "figures" or seen[step.command] is step]


def do_steps(steps: Collection[Step]) -> None:
    """Do what was found, folder by folder; raises as `glane.run.amend.amend`."""
    by_folder: dict[Path, dict[str, bytes | None]] = {}
    for one in steps:
        if one.does in ("rows", "remove"):
            by_folder.setdefault(one.folder, {})[one.name] = one.content
    for folder, new in by_folder.items():
        amend(folder, new, setting="folder")


def _of_call(
    folder: Path, written: WrittenFiles, mark: str, call: Call, names_here: Collection[str], runs: Collection[str],
    ids: Collection[str], names: Mapping[str, Collection[str]], sought: Sought,
) -> Iterator[Step]:  # fmt: skip
    is_of = any(link.id in runs for told in call.told for link in told.runs)
    there = sorted(name for name in call.names if name in names_here and (folder / name).is_file())
    steps = _of_files(folder, written, there, ids, names, sought)
    command = _command(mark)
    if mark in _WHOLE and (steps or (mark == _EXPORT and is_of)):
        is_signed = any(told.is_final for told in call.told)
        changed = {step.name for step in steps if step.does == "changed"}
        for name in there:
            does: Does = "changed" if name in changed else "signed" if is_signed else "remove"
            yield Step(folder=folder, name=name, does=does, command=command, is_whole=does != "changed")
        return
    yield from steps
    may_count = is_of and (bool(steps) or mark not in _LISTING)
    if may_count and len([one for one in steps if one.does == "remove"]) < len(there):
        yield Step(folder=folder, name=mark, does="figures", command=command)


def _command(mark: str | None) -> str:
    return COMMANDS.get(mark or "", "the command that wrote it")


def _of_files(
    folder: Path, written: WrittenFiles, names: Sequence[str], ids: Collection[str],
    columns: Mapping[str, Collection[str]], sought: Sought,
) -> list[Step]:  # fmt: skip
    paths = [path for name in names if (path := folder / name).is_file() and not path.is_symlink()]
    tables = {path: _without(path, ids, columns) for path in paths}
    steps = []
    for path, found in found_in_files({path: content for path, (content, _) in tables.items()}, sought).items():
        if isinstance(found, UnreadableError):
            continue  # told by the search that ends an erasure
        if isinstance(found, Exception):
            raise found
        content, rows = tables[path]
        if not rows and not found:
            continue
        digests = written.digests.get(path.name)
        if digests and digest_of(path) not in digests:  # of what it was, if encrypted again
            steps.append(Step(folder=folder, name=path.name, does="changed", rows=rows))
        elif found:
            command = _command(written.mark_of(path.name))
            steps.append(Step(folder=folder, name=path.name, does="remove", command=command))
        else:
            steps.append(Step(folder=folder, name=path.name, does="rows", rows=rows, content=content))
    return steps


def _without(path: Path, ids: Collection[str], names: Mapping[str, Collection[str]]) -> tuple[bytes | None, int]:
    """What a table holds without the documents, and how many of its rows go; None where none do."""
    if path.suffix == ".parquet" and (rows := count_rows(path, ids, names, anywhere=True)):
        sink = io.BytesIO()
        write_without(path, sink, ids, names, anywhere=True)
        return sink.getvalue(), rows
    if path.suffix in (".csv", ".tsv"):
        with contextlib.suppress(UnicodeDecodeError, DataError):
            told = csv_without(path.read_bytes(), ids, names)
            return told if told is not None and told[1] else (None, 0)
    return None, 0
