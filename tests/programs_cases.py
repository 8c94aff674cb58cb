"""Synthetic SAS and R programs, what they make of tables, and right and wrong translations of each.

No SAS runs here: what a SAS program makes is worked out row by row in plain Python, by the documented rules of SAS.
What an R program makes, R itself is asked.
"""

from __future__ import annotations

import datetime
import itertools
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from glane.programs.twin_set import twin_files

Rows = list[dict[str, Any]]
HEAD = """\
import polars as pl
from datetime import date

c = pl.col


def run(tables):
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A program, its tables, and its translations: each the body of `run`, which ends by returning the tables."""

    name: str
    language: str
    original: str
    tables: Mapping[str, Any]
    output: str
    is_in_order: bool = False
    right: str
    wrong: Mapping[str, str]
    sas: Callable[[Mapping[str, Rows]], Rows] | None = field(default=None)


def text_of(body: str) -> str:
    """The whole program of a body."""
    return HEAD + "".join(f"    {line}\n" for line in body.strip().splitlines())


def lowest_first(value: Any) -> tuple[bool, Any]:
    """The key by which SAS sorts: a missing value is less than any other."""
    return (value is not None, value)


def last_first(value: Any) -> tuple[bool, Any]:
    """The key of SAS's descending order, of days: missing last."""
    return (value is None, -value.toordinal() if value is not None else 0)


def groups(rows: Rows, key: str) -> list[Rows]:
    """The rows of each value of a column, in the order of SAS."""
    ordered = sorted(rows, key=lambda row: lowest_first(row[key]))
    return [list(part) for _, part in itertools.groupby(ordered, key=lambda row: row[key])]


def infants(tables: Mapping[str, Rows]) -> Rows:
    return [row for row in tables["passages"] if row["age"] is None or row["age"] < 2]


def last_test(tables: Mapping[str, Rows]) -> Rows:
    return [min(part, key=lambda row: last_first(row["date"])) for part in groups(tables["tests"], "id")]


def merged(tables: Mapping[str, Rows]) -> Rows:
    """MERGE: row by row within a key; the last row of the shorter side goes on; the right side wins."""
    found = []
    for key in sorted({row["id"] for one in tables.values() for row in one}, key=lowest_first):
        sides = [[row for row in tables[name] if row["id"] == key] for name in ("cas", "labo")]
        for at in range(max(map(len, sides))):
            made: dict[str, Any] = {"id": key, "age": None, "statut": None, "ct": None}
            for side in sides:
                if side:
                    made |= side[min(at, len(side) - 1)]
            found.append(made)
    return found


def running(tables: Mapping[str, Rows]) -> Rows:
    """RETAIN with total = total + cas: once a value is missing, the total stays missing until the next region."""
    found: Rows = []
    for part in groups(tables["hebdo"], "region"):
        total: int | None = 0
        for row in part:
            total = None if total is None or row["cas"] is None else total + row["cas"]
            found.append({**row, "total": total})
    return found


def sums(tables: Mapping[str, Rows]) -> Rows:
    """PROC SQL: sum and mean of nothing are missing; a missing group is a group."""
    found = []
    for part in groups(tables["sejours"], "service"):
        there = [row["duree"] for row in part if row["duree"] is not None]
        total = sum(there) if there else None
        found.append(
            {"service": part[0]["service"], "n": len(part), "total": total, "moyenne": total / len(there) if there else None}
        )  # fmt: skip
    return found


def origins(tables: Mapping[str, Rows]) -> Rows:
    """A date is the number of days since 1960; a difference with a missing date is missing."""
    found = []
    for row in tables["sejours"]:
        start, end = row["entree"], row["sortie"]
        found.append(
            {
                "entree": start,
                "numero": None if start is None else (start - datetime.date(1960, 1, 1)).days,
                "jours": None if None in (start, end) else (end - start).days,
            }
        )
    return found


def without_repeats(tables: Mapping[str, Rows]) -> Rows:
    """PROC SORT NODUPKEY: the first row of each key, in the order of the input."""
    return [part[0] for part in groups(tables["tests"], "id")]


def classes(tables: Mapping[str, Rows]) -> Rows:
    """IF and ELSE IF: a missing age is below every bound; an empty text equals no code, and differs from all."""
    found = []
    for row in tables["passages"]:
        age = row["age"]
        group = "0-17" if age is None or age < 18 else "18-64" if age < 65 else "65+"
        found.append({"age": age, "classe": group, "hors": int(row["hopital"] != "A")})
    return found


TESTS = {
    "tests": {
        "rows": 120,
        "columns": {
            "id": {"type": "integer", "minimum": 1, "maximum": 30, "missing": 0},
            "date": {"type": "date", "minimum": "2025-01-01", "maximum": "2025-02-15"},
            "resultat": {"values": {"NEG": 3, "POS": 1}},
        },
    }
}
VISITS = {
    "passages": {
        "rows": 150,
        "columns": {
            "hopital": {"values": {"A": 5, "B": 3, "C": 1}},
            "age": {"type": "integer", "minimum": 0, "maximum": 95},
        },
    }
}
STAYS = {
    "sejours": {
        "rows": 150,
        "columns": {
            "service": {"values": {"urgences": 5, "pediatrie": 3, "geriatrie": 1}},
            "duree": {"type": "integer", "minimum": 0, "maximum": 20},
            "entree": {"type": "date", "minimum": "2024-12-20", "maximum": "2025-03-01"},
            "sortie": {"type": "date", "minimum": "2024-12-25", "maximum": "2025-03-20"},
        },
    }
}
LINKED = {
    "cas": {
        "rows": 60,
        "columns": {
            "id": {"type": "integer", "minimum": 1, "maximum": 25, "missing": 0},
            "age": {"type": "integer", "minimum": 0, "maximum": 95},
            "statut": {"values": ["probable", "confirme"]},
        },
    },
    "labo": {
        "rows": 60,
        "columns": {
            "id": {"type": "integer", "references": "cas.id", "missing": 0},
            "ct": {"type": "integer", "minimum": 12, "maximum": 40},
            "statut": {"values": ["probable", "confirme"]},
        },
    },
}
WEEKS = {
    "hebdo": {
        "rows": 100,
        "columns": {
            "region": {"values": {"nord": 2, "sud": 2, "est": 1}},
            "cas": {"type": "integer", "minimum": 0, "maximum": 60},
        },
    }
}
SEVERITY = {
    "cas": {
        "rows": 150,
        "columns": {
            "statut": {"values": {"confirme": 5, "exclu": 3, "probable": 2}},
            "gravite": {"values": {"legere": 5, "moderee": 3, "grave": 1}},
            "age": {"type": "integer", "minimum": -3, "maximum": 95},
            "duree": {"type": "integer", "minimum": 0, "maximum": 20},
        },
    }
}

_MERGE = """\
def numbered(table):
    return table.with_columns(pl.int_range(pl.len()).over("id").alias("at"))
left, right = numbered(tables["cas"]), numbered(tables["labo"])
sizes = pl.concat([left.group_by("id").len(), right.group_by("id").len()]).group_by("id").agg(c("len").max())
frame = sizes.with_columns(pl.int_ranges(c("len")).alias("at")).explode("at").sort("id", "at")
def last(table, name):
    return table.group_by("id").agg(c("at").max().alias(name))
frame = frame.join(last(left, "of_left"), on="id", how="left").join(last(right, "of_right"), on="id", how="left")
frame = frame.with_columns(pl.min_horizontal("at", "of_left").alias("l"), pl.min_horizontal("at", "of_right").alias("r"))
frame = frame.join(left, left_on=["id", "l"], right_on=["id", "at"], how="left")
frame = frame.join(right, left_on=["id", "r"], right_on=["id", "at"], how="left", suffix="_new")
statut = pl.when(c("of_right").is_null()).then(c("statut")).otherwise(c("statut_new")).alias("statut")
return {"ensemble": frame.sort("id", "at").select("id", "age", statut, "ct")}
"""

# Mistakes that no twin shows: on values that the description does not name, both programs do the same.
BLIND = frozenset({"ages above 120, too", "letters in any case"})
CASES: Sequence[Case] = (
    Case(
        name="missing below numbers", language="sas", tables=VISITS, output="nourrissons", is_in_order=True, sas=infants,
        original="data nourrissons; set passages; if age < 2; run;",
        right='return {"nourrissons": tables["passages"].filter(c("age").is_null() | (c("age") < 2))}',
        wrong={
            "a missing age is dropped": 'return {"nourrissons": tables["passages"].filter(c("age") < 2)}',
            "ages above 120, too": 'return {"nourrissons": tables["passages"].filter(c("age").is_null() | (c("age") < 2) | (c("age") > 120))}',
            "a missing age becomes 0": 'return {"nourrissons": tables["passages"].with_columns(c("age").fill_null(0)).filter(c("age") < 2)}',
        },
    ),
    Case(
        name="if, else if and a missing text", language="sas", tables=VISITS, output="classes", is_in_order=True, sas=classes,
        original="""\
data classes; set passages;
  length classe $5;
  if age < 18 then classe = '0-17'; else if age < 65 then classe = '18-64'; else classe = '65+';
  hors = (hopital ne 'A');
  keep age classe hors;
run;""",
        right="""\
age, young = c("age"), c("age").is_null() | (c("age") < 18)
classe = pl.when(young).then(pl.lit("0-17")).when(age < 65).then(pl.lit("18-64")).otherwise(pl.lit("65+"))
hors = c("hopital").ne_missing("A").cast(pl.Int64)
return {"classes": tables["passages"].select("age", classe.alias("classe"), hors.alias("hors"))}""",
        wrong={
            "a missing age is of the oldest": """\
classe = pl.when(c("age") < 18).then(pl.lit("0-17")).when(c("age") < 65).then(pl.lit("18-64")).otherwise(pl.lit("65+"))
hors = c("hopital").ne_missing("A").cast(pl.Int64)
return {"classes": tables["passages"].select("age", classe.alias("classe"), hors.alias("hors"))}""",
            "a missing text differs from nothing": """\
age, young = c("age"), c("age").is_null() | (c("age") < 18)
classe = pl.when(young).then(pl.lit("0-17")).when(age < 65).then(pl.lit("18-64")).otherwise(pl.lit("65+"))
return {"classes": tables["passages"].select("age", classe.alias("classe"), (c("hopital") != "A").cast(pl.Int64).alias("hors"))}""",
        },
    ),
    Case(
        name="first. after a descending sort", language="sas", tables=TESTS, output="dernier", sas=last_test,
        original="""\
proc sort data=tests out=tri; by id descending date; run;
data dernier; set tri; by id; if first.id; run;""",
        right="""\
tri = tables["tests"].sort("id", "date", descending=[False, True], nulls_last=[False, True], maintain_order=True)
return {"dernier": tri.unique("id", keep="first", maintain_order=True)}""",
        wrong={
            "missing dates come first": """\
tri = tables["tests"].sort("id", "date", descending=[False, True], nulls_last=False, maintain_order=True)
return {"dernier": tri.unique("id", keep="first", maintain_order=True)}""",
            "the greatest date, without its row": """\
return {"dernier": tables["tests"].group_by("id").agg(c("date").max(), c("resultat").max())}""",
            "of ties, the last row": """\
tri = tables["tests"].sort("id", "date", nulls_last=False, maintain_order=True)
return {"dernier": tri.unique("id", keep="last", maintain_order=True)}""",
        },
    ),
    Case(
        name="nodupkey", language="sas", tables=TESTS, output="uniques", sas=without_repeats,
        original="proc sort data=tests out=uniques nodupkey; by id; run;",
        right='return {"uniques": tables["tests"].unique("id", keep="first", maintain_order=True).sort("id")}',
        wrong={
            "the last row of a key": 'return {"uniques": tables["tests"].unique("id", keep="last", maintain_order=True).sort("id")}',
            "repeated rows alone": 'return {"uniques": tables["tests"].unique(maintain_order=True).sort("id")}',
            "keys that are there once": 'return {"uniques": tables["tests"].unique("id", keep="none", maintain_order=True).sort("id")}',
        },
    ),
    Case(
        name="merge of many to many", language="sas", tables=LINKED, output="ensemble", is_in_order=True, sas=merged,
        original="data ensemble; merge cas labo; by id; run;",
        right=_MERGE,
        wrong={
            "a join of all with all": """\
joined = tables["cas"].join(tables["labo"], on="id", how="full", coalesce=True, suffix="_new", maintain_order="left_right")
statut = pl.coalesce("statut_new", "statut").alias("statut")
return {"ensemble": joined.sort("id", maintain_order=True).select("id", "age", statut, "ct")}""",
            "the left table alone is kept": """\
first = tables["labo"].unique("id", keep="first", maintain_order=True)
joined = tables["cas"].join(first, on="id", how="left", suffix="_new", maintain_order="left")
statut = pl.coalesce("statut_new", "statut").alias("statut")
return {"ensemble": joined.sort("id", maintain_order=True).select("id", "age", statut, "ct")}""",
            "a missing value of the right does not win": _MERGE.replace(
                'pl.when(c("of_right").is_null()).then(c("statut")).otherwise(c("statut_new"))', 'pl.coalesce("statut_new", "statut")'
            ),
        },
    ),
    Case(
        name="retain", language="sas", tables=WEEKS, output="cumul", is_in_order=True, sas=running,
        original="""\
proc sort data=hebdo out=tri; by region; run;
data cumul; set tri; by region; retain total;
  if first.region then total = 0;
  total = total + cas;
run;""",
        right="""\
tri = tables["hebdo"].sort("region", maintain_order=True)
lost = c("cas").is_null().cum_max().over("region")
return {"cumul": tri.with_columns(pl.when(~lost).then(c("cas").cum_sum().over("region")).alias("total"))}""",
        wrong={
            "a missing value is passed over": """\
tri = tables["hebdo"].sort("region", maintain_order=True)
return {"cumul": tri.with_columns(c("cas").fill_null(0).cum_sum().over("region").alias("total"))}""",
            "missing in its own row alone": """\
tri = tables["hebdo"].sort("region", maintain_order=True)
return {"cumul": tri.with_columns(c("cas").cum_sum().over("region").alias("total"))}""",
            "the total goes on in the next region": """\
tri = tables["hebdo"].sort("region", maintain_order=True)
lost = c("cas").is_null().cum_max().over("region")
return {"cumul": tri.with_columns(pl.when(~lost).then(c("cas").cum_sum()).alias("total"))}""",
        },
    ),
    Case(
        name="sums of nothing", language="sas", tables=STAYS, output="bilan", sas=sums,
        original="""\
proc sql; create table bilan as
  select service, count(*) as n, sum(duree) as total, mean(duree) as moyenne from sejours group by service;
quit;""",
        right="""\
total = pl.when(c("duree").count() > 0).then(c("duree").sum()).alias("total")
return {"bilan": tables["sejours"].group_by("service").agg(pl.len().alias("n"), total, c("duree").mean().alias("moyenne"))}""",
        wrong={
            "a sum of nothing is 0": """\
total = c("duree").sum().alias("total")
return {"bilan": tables["sejours"].group_by("service").agg(pl.len().alias("n"), total, c("duree").mean().alias("moyenne"))}""",
            "the missing group is dropped": """\
total = pl.when(c("duree").count() > 0).then(c("duree").sum()).alias("total")
there = tables["sejours"].drop_nulls("service")
return {"bilan": there.group_by("service").agg(pl.len().alias("n"), total, c("duree").mean().alias("moyenne"))}""",
            "count(*) leaves out missing": """\
total = pl.when(c("duree").count() > 0).then(c("duree").sum()).alias("total")
return {"bilan": tables["sejours"].group_by("service").agg(c("duree").count().alias("n"), total, c("duree").mean().alias("moyenne"))}""",
            "a missing duration is 0 in the mean": """\
total = pl.when(c("duree").count() > 0).then(c("duree").sum()).alias("total")
return {"bilan": tables["sejours"].group_by("service").agg(pl.len().alias("n"), total, c("duree").fill_null(0).mean().alias("moyenne"))}""",
        },
    ),
    Case(
        name="dates from 1960", language="sas", tables=STAYS, output="dates", is_in_order=True, sas=origins,
        original="data dates; set sejours; numero = entree + 0; jours = sortie - entree; keep entree numero jours; run;",
        right="""\
numero = (c("entree") - date(1960, 1, 1)).dt.total_days().alias("numero")
return {"dates": tables["sejours"].select("entree", numero, (c("sortie") - c("entree")).dt.total_days().alias("jours"))}""",
        wrong={
            "from 1970": """\
numero = c("entree").to_physical().alias("numero")
return {"dates": tables["sejours"].select("entree", numero, (c("sortie") - c("entree")).dt.total_days().alias("jours"))}""",
            "never negative": """\
numero = (c("entree") - date(1960, 1, 1)).dt.total_days().alias("numero")
return {"dates": tables["sejours"].select("entree", numero, (c("sortie") - c("entree")).dt.total_days().abs().alias("jours"))}""",
        },
    ),
    Case(
        name="NA in a filter", language="r", tables=SEVERITY, output="retenus", is_in_order=True,
        original='retenus <- subset(cas, statut != "exclu" & age >= 18)',
        right='return {"retenus": tables["cas"].filter((c("statut") != "exclu") & (c("age") >= 18))}',
        wrong={
            "NA is kept": 'return {"retenus": tables["cas"].filter(c("statut").ne_missing("exclu") & (c("age") >= 18))}',
            "above 18": 'return {"retenus": tables["cas"].filter((c("statut") != "exclu") & (c("age") > 18))}',
            "letters in any case": 'return {"retenus": tables["cas"].filter((c("statut").str.to_lowercase() != "exclu") & (c("age") >= 18))}',
            "or": 'return {"retenus": tables["cas"].filter((c("statut") != "exclu") | (c("age") >= 18))}',
        },
    ),
    Case(
        name="rows of brackets", language="r", tables=SEVERITY, output="graves",
        original='graves <- cas[cas$gravite == "grave", c("statut", "age")]',
        right="""\
kept = c("gravite").is_null() | (c("gravite") == "grave")
blank = c("gravite").is_null()
return {"graves": tables["cas"].filter(kept).select(pl.when(~blank).then(c("statut")).alias("statut"), pl.when(~blank).then(c("age")).alias("age"))}""",
        wrong={
            "NA rows are dropped": 'return {"graves": tables["cas"].filter(c("gravite") == "grave").select("statut", "age")}',
            "NA rows keep their values": 'return {"graves": tables["cas"].filter(c("gravite").is_null() | (c("gravite") == "grave")).select("statut", "age")}',
        },
    ),
    Case(
        name="means with NA by factor", language="r", tables=SEVERITY, output="durees", is_in_order=True,
        original="""\
niveaux <- factor(cas$gravite, levels = c("legere", "moderee", "grave"))
durees <- aggregate(list(duree = cas$duree), by = list(gravite = niveaux), FUN = sum)""",
        right="""\
levels = pl.Enum(["legere", "moderee", "grave"])
there = tables["cas"].drop_nulls("gravite").with_columns(c("gravite").cast(levels))
total = pl.when(c("duree").null_count() == 0).then(c("duree").sum()).alias("duree")
return {"durees": there.group_by("gravite").agg(total).sort("gravite").with_columns(c("gravite").cast(pl.String))}""",
        wrong={
            "NA is left out of the sum": """\
levels = pl.Enum(["legere", "moderee", "grave"])
there = tables["cas"].drop_nulls("gravite").with_columns(c("gravite").cast(levels))
return {"durees": there.group_by("gravite").agg(c("duree").sum()).sort("gravite").with_columns(c("gravite").cast(pl.String))}""",
            "groups by name": """\
total = pl.when(c("duree").null_count() == 0).then(c("duree").sum()).alias("duree")
return {"durees": tables["cas"].drop_nulls("gravite").group_by("gravite").agg(total).sort("gravite")}""",
            "NA is a group": """\
levels = pl.Enum(["legere", "moderee", "grave"])
there = tables["cas"].with_columns(c("gravite").cast(levels))
total = pl.when(c("duree").null_count() == 0).then(c("duree").sum()).alias("duree")
return {"durees": there.group_by("gravite").agg(total).sort("gravite").with_columns(c("gravite").cast(pl.String))}""",
        },
    ),
    Case(
        name="whole division and rounding", language="r", tables=SEVERITY, output="dizaines", is_in_order=True,
        original="""\
dizaines <- data.frame(age = cas$age, dizaine = cas$age %/% 10, reste = cas$age %% 10, moitie = round(cas$age / 2))""",
        right="""\
age = c("age")
return {"dizaines": tables["cas"].select(age, (age // 10).alias("dizaine"), (age % 10).alias("reste"), (age / 2).round(mode="half_to_even").alias("moitie"))}""",
        wrong={
            "towards 0": """\
age = c("age")
return {"dizaines": tables["cas"].select(age, (age / 10).cast(pl.Int64).alias("dizaine"), (age % 10).alias("reste"), (age / 2).round(mode="half_to_even").alias("moitie"))}""",
            "halves away from 0": """\
age = c("age")
return {"dizaines": tables["cas"].select(age, (age // 10).alias("dizaine"), (age % 10).alias("reste"), (age / 2).round(mode="half_away_from_zero").alias("moitie"))}""",
            "not whole": """\
age = c("age")
return {"dizaines": tables["cas"].select(age, (age / 10).alias("dizaine"), (age % 10).alias("reste"), (age / 2).round(mode="half_to_even").alias("moitie"))}""",
        },
    ),
    Case(
        name="order with NA and ties", language="r", tables=SEVERITY, output="ordre", is_in_order=True,
        original="ordre <- cas[order(cas$duree, -cas$age), ]",
        right='return {"ordre": tables["cas"].sort("duree", "age", descending=[False, True], nulls_last=True, maintain_order=True)}',
        wrong={
            "NA first": 'return {"ordre": tables["cas"].sort("duree", "age", descending=[False, True], nulls_last=False, maintain_order=True)}',
            "ties reversed": 'return {"ordre": tables["cas"].reverse().sort("duree", "age", descending=[False, True], nulls_last=True, maintain_order=True)}',
            "the second key ascends": 'return {"ordre": tables["cas"].sort("duree", "age", nulls_last=True, maintain_order=True)}',
        },
    ),
)  # fmt: skip


def by_r(cases: Sequence[Case], twins: Mapping[str, Mapping[str, pl.DataFrame]], folder: Path) -> None:
    """Have R make the outputs of its programs, `NAME/made/OUTPUT.csv`, of the twins as glane writes them."""
    from glane.programs.description import tables_of

    calls = []
    for case in cases:
        place = folder / case.name.replace(" ", "_")
        (place / "made").mkdir(parents=True)
        files = twin_files(tables_of({"tables": case.tables}, place="tables"), twins[case.name], seed=0)
        for name, content in files.items():
            (place / name).write_bytes(content)
        (place / "original.R").write_text(case.original)
        calls.append(
            f'setwd("{place}"); source("lire.R", encoding = "UTF-8"); source("original.R"); '
            f'write.csv({case.output}, "made/{case.output}.csv", row.names = FALSE)'
        )
    script = folder / "all.R"
    script.write_text("\n".join(calls))
    subprocess.run(["Rscript", "--vanilla", str(script)], check=True, capture_output=True, timeout=120)
