"""What is to be looked at: runs, folders of results and data sets below some folders, and how runs hang together."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from glane.corpus.pseudonymised import pseudonymised_beside
from glane.corpus.unchanged import KnownFile
from glane.errors import GlaneError, RunError
from glane.run.description import RunDescription, read_description
from glane.run.digests import read_digests_of_run
from glane.run.directory import RunDirectory
from glane.run.names import MARKER
from glane.run.nested import with_nested
from glane.run.written import WRITTEN


@dataclass(slots=True)
class Place:
    """What lies below some folders."""

    runs: dict[Path, RunDescription] = field(default_factory=dict)
    written: list[Path] = field(default_factory=list)  # folders with `.glane-files`
    folders: dict[Path, list[str]] = field(default_factory=dict)  # all others, with the names of their files
    unread: list[Path] = field(default_factory=list)  # folders that this user may not look into
    linked: list[Path] = field(default_factory=list)  # links to folders that are none of these


def walked(folders: Sequence[Path], runs: Sequence[Path]) -> Place:
    """Everything below folders, and the runs that are named; links are not followed.

    Raises:
        RunError: if a run that is named cannot be read.
    """
    found = Place()
    for root in runs:
        _add_run(found, root)
    for top in folders:
        for name, names, files in os.walk(top, onerror=lambda error: found.unread.append(Path(error.filename))):
            here = Path(name)
            names.sort()
            if MARKER in files:
                names.clear()
                if here not in found.runs:
                    _try_run(found, here)
                continue
            if WRITTEN in files and here not in found.written:
                found.written.append(here)
            found.folders[here] = sorted(files)
            found.linked += [here / one for one in names if (here / one).is_symlink()]
    seen = {*folders, *found.runs}
    found.linked = [one for one in found.linked if seen.isdisjoint(((there := one.resolve()), *there.parents))]
    return found


def _try_run(found: Place, root: Path) -> None:
    try:
        _add_run(found, root)
    except (GlaneError, OSError):
        return  # not begun, or damaged: told by who searches its bytes


def _add_run(found: Place, root: Path) -> None:
    for directory in with_nested(RunDirectory(root=root)):
        found.runs[directory.root] = read_description(directory)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ties:
    """By what some runs hang together with others."""

    roots: frozenset[Path]
    identities: frozenset[str]
    extends: frozenset[str]
    inputs: frozenset[str]  # paths and digests of input files
    made: frozenset[str]  # digests of the files of the result
    above: frozenset[Path]  # the folders that the input files lie in, however deep

    def lead_to(self, other: _Ties) -> bool:
        """Whether any of these runs hangs together with any of the others."""
        return not (
            self.inputs.isdisjoint(other.inputs) and self.inputs.isdisjoint(other.made)
            and self.made.isdisjoint(other.inputs)
            and self.extends.isdisjoint(other.identities) and self.identities.isdisjoint(other.extends)
            and self.roots.isdisjoint(other.above) and self.above.isdisjoint(other.roots)
        )  # fmt: skip


def related(place: Place, named: Sequence[Path]) -> list[Path]:
    """The runs that read what the named ones read or made, or extend them; these first.

    By id, by the paths and the digests of input files, and by the folders that lie in one another.
    """
    ties = {root: _ties(root, told) for root, told in place.runs.items()}
    chosen = [root for root in place.runs if any(root == one or one in root.parents for one in named)]
    rest = [root for root in place.runs if root not in chosen]
    new = chosen
    while new:
        reached = _together([ties[root] for root in new])  # at once: each with each is their square
        new = [root for root in rest if reached.lead_to(ties[root])]
        chosen += new
        rest = [root for root in rest if root not in new]
    return chosen


def _together(some: Sequence[_Ties]) -> _Ties:
    return _Ties(
        roots=frozenset[Path]().union(*(one.roots for one in some)),
        identities=frozenset[str]().union(*(one.identities for one in some)),
        extends=frozenset[str]().union(*(one.extends for one in some)),
        inputs=frozenset[str]().union(*(one.inputs for one in some)),
        made=frozenset[str]().union(*(one.made for one in some)),
        above=frozenset[Path]().union(*(one.above for one in some)),
    )


def _ties(root: Path, told: RunDescription) -> _Ties:
    files = [*told.files, *originals_of(root)]
    paths = [Path(file.path).resolve() for file in files]
    return _Ties(
        roots=frozenset([root]),
        identities=_identities(root),
        extends=frozenset([] if told.extends is None else [told.extends.id]),
        inputs=frozenset((*map(str, paths), *(file.digest for file in files if file.digest))),
        made=_made(root),
        above=frozenset(folder for path in paths for folder in path.parents),
    )


def originals_of(root: Path) -> tuple[KnownFile, ...]:
    """The files of which a run made its pseudonymised documents: ids are the same in both.

    Raises:
        RecordError: if what the run keeps of it is damaged.
    """
    made = pseudonymised_beside(str(RunDirectory(root=root).input))
    return () if made is None else made.sources


def _made(root: Path) -> frozenset[str]:
    """By which a run that read the result is known, also once this one was moved."""
    with contextlib.suppress(GlaneError):
        taken = read_digests_of_run(RunDirectory(root=root))
        names = {} if taken is None else taken.files
        return frozenset(digest for name, digest in names.items() if name.startswith("records/"))
    return frozenset()


def _identities(root: Path) -> frozenset[str]:
    try:
        return frozenset([RunDirectory(root=root).identity()])
    except GlaneError:
        return frozenset()


@contextlib.contextmanager
def unreadable_told() -> Iterator[None]:
    """Refuse where something cannot be read.

    Raises:
        RunError: in place of an error of the file system.
    """
    try:
        yield
    except OSError as error:
        raise RunError(
            f"{error.filename}: {error.strerror}. What cannot be read may hold the documents. Nothing was done: give "
            "yourself access to it, and run the same command again."
        ) from None
