"""`glane.try_programs`: translated programs run on synthetic twins of their tables, and compared with the originals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from glane.api.sources import RunLike, name_of, run_of
from glane.assess.files import as_parquet, read_table, write_folder
from glane.composition.files import read_file
from glane.errors import ConfigError, did_you_mean
from glane.extraction.results import Run
from glane.languages import Spoken
from glane.programs import inputs
from glane.programs.bounds import with_bounds
from glane.programs.datapackage import from_datapackage, is_datapackage
from glane.programs.description import Tables, tables_of
from glane.programs.judge import OUTCOMES, RAN, Judged, Outcome, Program, judged
from glane.programs.learn import learned
from glane.programs.limits import Limits
from glane.programs.page import Basis, programs_page
from glane.programs.results import programs_table, tables_table
from glane.programs.twin import twins as made_twins
from glane.programs.twin_set import as_yaml, read_twins, twin_files
from glane.run.links import RunLink, links_to
from glane.settings.try_programs import TryProgramsSettings
from glane.toys import notice_lines
from glane.types import Language
from glane.validation import validated

_TOLD: Mapping[Outcome, str] = {
    "equal": "{num} gave what their originals give",
    "equal_except_order": "{num} gave it with rows in another order, which does not count",
    "different": "{num} gave something else",
    "run": "{num} were run, and nothing was expected of them",
    "failed": "{num} ended early",
    "tables_lack": "{num} were not run: a table that they take is not described",
    "refused": "{num} were not run: they hold what no translation needs",
    "not_translated": "{num} are not translated",
    "unanswered": "{num} have no readable answer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedPrograms(Spoken):
    """What became of translated programs. `str()` of it says how many were translated, run and equal."""

    found: tuple[Judged, ...]
    folders: tuple[str, ...]  # of each program, where its expected tables are looked for
    described: Tables
    twins: Mapping[str, pl.DataFrame]
    seed: int
    basis: Basis | None  # None: no programs were given
    language: Language
    is_complete: bool = True
    links: tuple[RunLink, ...] = field(default=())

    @property
    def programs(self) -> pl.DataFrame:
        """One row per program."""
        return programs_table(self.found, self.folders)

    @property
    def compared(self) -> pl.DataFrame:
        """One row per table that was expected of a program that ran."""
        return tables_table(self.found)

    def _in_english(self) -> str:
        made = ", ".join(f"{name} {one.height}" for name, one in self.twins.items())
        if self.basis is None:
            return f"twins      {made}"
        counts = Counter(one.outcome for one in self.found)
        lines = [*notice_lines(self.basis.toy), f"programs   {len(self.found)}"]
        lines += [f"           {_TOLD[name].format(num=counts[name])}" for name in OUTCOMES if counts[name]]
        lines.append(f"twins      {made}")
        if not self.is_complete:
            lines.append("note       the run is under way: these are the programs that it had so far")
        unsteady = sum(not one.is_steady for one in self.found)
        if unsteady:
            lines.append(f"note       {unsteady} programs gave two results in two runs")
        if any(one.outcome in RAN for one in self.found):
            lines.append("note       equality on a twin is no proof: read each program before any use")
        return "\n".join(lines)

    def write(self, folder: str) -> list[str]:
        """Write the folder `twins`, `tables.yaml`, `programs.parquet`, `compared.parquet` and `report.html`.

        Returns:
            Their names.

        Raises:
            RunError: if the file system refuses.
        """
        files = {"tables.yaml": as_yaml(self.described)}
        if self.basis is not None:
            page = programs_page(self.found, self.basis, language=self.language)
            files |= {
                "programs.parquet": as_parquet(self.programs),
                "compared.parquet": as_parquet(self.compared),
                "report.html": page.encode(),
            }
        write_folder(folder, files, of=self.links)
        write_folder(Path(folder).expanduser() / "twins", twin_files(self.described, self.twins, seed=self.seed))
        return [*files, "twins"]


def try_programs(
    run: RunLike | None = None,
    *,
    programs: str | Path | None = None,
    tables: str | Path | Mapping[str, Any] | None = None,
    twin_of: Sequence[str] = (),
    least: int = 10,
    made_up: Sequence[str] = (),
    rows: int = 200,
    seed: int = 0,
    expected: str | Path | None = None,
    tolerance: float = 1e-6,
    timeout_s: float = 60.0,
    memory_mib: int = 2048,
    max_rows: int = 100_000,
    locale: Language | None = None,
    out_dir: str | None = None,
) -> TriedPrograms:
    """Run translated programs on synthetic twins of their tables, confined, and compare what they return.

    Args:
        run: A run of `program_translation`, or its directory.
        programs: A folder of translated programs, NAME.py, instead of a run.
        tables: What is said of the tables, as a mapping, YAML, JSON or a Data Package; or a folder of twins.
        twin_of: Real tables instead: frequent categories and coarse quantiles are taken of them.
        least: Of `twin_of`: the rows that anything told of a table stands for, at least.
        made_up: Of `twin_of`: columns that name persons, of which nothing is told but their type.
        rows: Of `twin_of`: the rows of each twin.
        seed: Of the twins.
        expected: A folder with a folder for each program, of the tables that its original made of the twins.
        tolerance: By which numbers may differ, relative to the greater one.
        timeout_s: Seconds for each program.
        memory_mib: Memory of each program, its libraries included.
        max_rows: Rows of each table that a program returns.
        locale: The language that the page opens in.
        out_dir: Where to write the result, if anywhere.

    Raises:
        GlaneError: if the run is of another task, the tables are described wrongly, or this machine cannot confine a
            program.
    """
    validated(
        TryProgramsSettings,
        {
            "run": {"dir": None if run is None else "."}, "programs": None if programs is None else str(programs),
            "tables": None if tables is None else ".", "twin_of": tuple(twin_of), "least": least,
            "made_up": tuple(made_up), "rows": rows,
            "seed": seed, "expected": None if expected is None else str(expected), "tolerance": tolerance,
            "timeout_s": timeout_s, "memory_mib": memory_mib, "max_rows": max_rows, "locale": locale,
            "out": {"dir": "."},
        },
        place="",
    )  # fmt: skip
    opened = None if run is None else run_of(run)
    asked = _programs(opened, programs)
    texts = [one.text for one in asked if one.text is not None]
    described, seed, twins = _twins(tables, twin_of, texts, least=least, made_up=made_up, rows=rows, seed=seed)
    folders = inputs.folders(asked)
    limits = Limits(timeout_s=timeout_s, memory_mib=memory_mib, max_rows=max_rows)
    found = tuple(
        judged(one, twins, _expected(expected, folder), limits=limits, tolerance=tolerance)
        for one, folder in zip(asked, folders, strict=True)
    )
    result = TriedPrograms(
        found=found, folders=tuple(folders), described=described, twins=twins, seed=seed,
        basis=None if opened is None and programs is None else Basis(
            source=str(name_of(opened)) if opened is not None else str(programs), tables=tuple(twins),
            expected=None if expected is None else str(expected), tolerance=tolerance,
            toy=None if opened is None else opened.toy,
        ),
        language=locale or ("fr" if opened is None else opened.task.language),
        is_complete=opened is None or opened.is_complete, links=links_to([] if opened is None else [opened.directory]),
    )  # fmt: skip
    if out_dir is not None:
        result.write(out_dir)
    return result


def _programs(run: Run | None, folder: str | Path | None) -> list[Program]:
    if run is None:
        return [] if folder is None else inputs.of_folder(Path(folder).expanduser())
    fields = run.task.fields
    if "program" not in fields:
        raise ConfigError(
            f"run.dir: the task {run.task.name!r} of this run has no field program; that of program_translation has. "
            f"{did_you_mean('program', fields)}"
        )
    rows = run.all()
    there = rows.collect_schema().names()
    names = [run.id_column, "status", "reason", *(name for name in inputs.COLUMNS if name in there)]
    return inputs.of_rows(rows.select(names).collect().iter_rows(named=True), id_column=run.id_column)


def _twins(
    tables: str | Path | Mapping[str, Any] | None,
    twin_of: Sequence[str],
    programs: Sequence[str],
    *,
    least: int,
    made_up: Sequence[str],
    rows: int,
    seed: int,
) -> tuple[Tables, int, dict[str, pl.DataFrame]]:
    """What is said of the tables, the seed and the twins."""
    if tables is None:
        described = _learned(twin_of, least=least, made_up=made_up, rows=rows)
    elif isinstance(tables, Mapping):
        described = tables_of(tables, place="tables")
    else:
        path = Path(tables).expanduser()
        if path.is_dir():
            manifest, twins = read_twins(path, place="tables")
            return manifest.described, manifest.seed, twins
        values = read_file(path).values
        read = from_datapackage if is_datapackage(values) else tables_of
        described = read(values, place=str(path))
    described = with_bounds(described, programs)
    return described, seed, made_twins(described, seed=seed)


def _learned(files: Sequence[str], *, least: int, made_up: Sequence[str], rows: int) -> Tables:
    found, columns = {}, set()
    for file in files:
        name = Path(file).stem.lower()
        if name in found:
            raise ConfigError(f"twin_of: two files are named {name!r}, and programs know tables by their names.")
        table = read_table(file, place="twin_of")
        found[name] = learned(table, least=least, rows=rows, place=f"twin_of: {file}", made_up=made_up)
        columns.update(table.columns)
    for name in made_up:
        if name not in columns:
            raise ConfigError(f"made_up: no table has a column {name!r}. {did_you_mean(name, columns)}")
    return tables_of({"tables": found}, place="twin_of")


def _expected(root: str | Path | None, folder: str) -> dict[str, pl.DataFrame]:
    return {} if root is None else inputs.expected_of(Path(root).expanduser() / folder)
