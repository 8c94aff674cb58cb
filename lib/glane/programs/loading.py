"""`lire.sas` and `lire.R`: they read the twins, so that the original program can be run on the same tables."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from glane.programs.wire import code_of

_SAS_FORMATS = {"date": ("yymmdd10.", "yymmdd10."), "datetime": ("e8601dt19.", "e8601dt19.")}
_R_CLASSES = {"string": "character", "date": "Date", "integer": "integer", "number": "numeric", "boolean": "integer"}


def sas_script(twins: Mapping[str, pl.DataFrame]) -> str:
    """A data step for each table. The macro variable `dossier` may name their folder."""
    lines = [
        "/* Lit les tables synthétiques / Reads the synthetic tables. dossier : où elles sont / their folder. */",
        "%macro glane_folder;",
        "%if not %symexist(dossier) %then %do;",
        "%global dossier;",
        "%let dossier = .;",
        "%end;",
        "%mend;",
        "%glane_folder",
    ]
    for name, table in twins.items():
        lines += ["", f"data {name};"]
        lines.append(
            f'  infile "&dossier./{name}.csv" dsd dlm="," firstobs=2 truncover termstr=lf encoding="utf-8" lrecl=32767;'
        )
        for column in table:
            lines += _declared(column)
        lines += [f"  input {' '.join(_name(column) for column in table.columns)};", "run;"]
    return "\n".join([*lines, ""])


def _declared(column: pl.Series) -> list[str]:
    name, code = _name(column.name), code_of(column.dtype)
    if code == "string":
        longest = column.str.len_bytes().max()
        size = longest if isinstance(longest, int) and longest else 1
        return [f"  length {name} ${size};"]
    informat, shown = _SAS_FORMATS.get(code, ("", ""))
    formats = [f"  informat {name} {informat};", f"  format {name} {shown};"] if informat else []
    return [f"  length {name} 8;", *formats]


def _name(name: str) -> str:
    """A name as SAS takes it: one with other signs than letters as a literal."""
    is_plain = name.isascii() and name.isidentifier() and len(name) <= 32
    return name if is_plain else "'" + name.replace("'", "''") + "'n"


def r_script(twins: Mapping[str, pl.DataFrame]) -> str:
    """A data frame for each table, with texts as texts and days as days; base R alone."""
    lines = ['# Lit les tables synthétiques / Reads the synthetic tables: source("lire.R", encoding = "UTF-8")']
    for name, table in twins.items():
        classes = ", ".join(
            f"`{column.name}` = {_quoted(_R_CLASSES.get(code_of(column.dtype), 'character'))}" for column in table
        )
        lines += [
            f'{name} <- read.csv("{name}.csv", fileEncoding = "UTF-8", na.strings = "", check.names = FALSE,',
            f"  stringsAsFactors = FALSE, colClasses = c({classes}))",
        ]
        for column in table:
            if column.dtype == pl.Boolean:
                lines.append(f"{name}[[{_quoted(column.name)}]] <- {name}[[{_quoted(column.name)}]] == 1")
            if column.dtype == pl.Datetime:
                lines.append(
                    f"{name}[[{_quoted(column.name)}]] <- as.POSIXct({name}[[{_quoted(column.name)}]], "
                    'format = "%Y-%m-%dT%H:%M:%S", tz = "UTC")'
                )
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
