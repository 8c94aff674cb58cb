"""How a real model answers when it is asked in other shapes: `python tests/simulations/prompt_shapes.py [rows] [seed]`.

Synthetic reports (lib/glane_tools/english_reports.py) are asked in each shape of the prompt and each order of value and quote, with
the small model of `make small-model` or `model=…` of the environment variable GLANE_MODEL. For each it prints how many
values are right, are the example's and not in the report, are wrong and marked by nothing, and stand in their own quote.
"""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any

import polars as pl

import glane
from glane_tools.english_reports import EXAMPLE, TASK, Report, reports


def main() -> None:
    rows, seed = (int(one) for one in (*sys.argv[1:], "60", "3")[:2])
    told = reports(rows, seed=seed)
    print(f"{rows} reports, seed {seed}, {rows * len(EXAMPLE)} values\n")
    print("| shape | order | right | the example's | wrong and unmarked | shown by their quotes |")
    print("| --- | --- | --: | --: | --: | --: |")
    with tempfile.TemporaryDirectory() as folder:
        documents = pl.DataFrame({"id": [f"r{i}" for i in range(rows)], "text": [one.text for one in told]})
        for shape in ("single", "turns", "system"):
            for order in ("value_first", "quote_first"):
                run = glane.extract(
                    documents, task={**TASK, "order": order}, model=os.environ.get("GLANE_MODEL", "smollm2"),
                    run_dir=f"{folder}/{shape}_{order}", model__prompt_shape=shape, progress="none",
                )  # fmt: skip
                print(f"| {shape} | {order} | {' | '.join(map(str, figures(run, told)))} |", flush=True)


def figures(run: Any, told: list[Report]) -> tuple[int, int, int, int]:
    """Values that are right, the example's, wrong and unmarked, and shown by their own quote."""
    right = copied = unmarked = 0
    for row in run.usable().collect().iter_rows(named=True):
        report = told[int(row["id"][1:])]
        marked = {*row["leaked_from_example"], *row["not_in_quote"], *row["forced_quote"]}
        for name, gold in report.gold.items():
            value = row[name]
            if value is None:
                continue
            is_right = (
                str(gold).casefold() in str(value).casefold() if isinstance(value, str) else str(gold) == str(value)
            )
            right += is_right
            copied += str(value) == str(EXAMPLE[name]["value"]) and str(value) not in report.text
            unmarked += not is_right and name not in marked
    return right, copied, unmarked, int(run.evidence().collect()["supports"].sum())


if __name__ == "__main__":
    main()
