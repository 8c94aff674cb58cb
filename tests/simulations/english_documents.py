"""Writes synthetic English reports, their right answers and their task: `… english_documents.py FOLDER [rows] [seed]`.

For trying a real model with glane's own commands. FOLDER then has documents.parquet, gold.parquet, and
task/outbreak_news.yaml, which `--config-dir FOLDER task=outbreak_news` finds. See docs/prompts.md.
"""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import polars as pl
import yaml

from glane_tools.english_reports import TASK, reports


def main() -> None:
    folder = Path(sys.argv[1])
    rows, seed = (int(one) for one in (*sys.argv[2:], *("60", "3")[len(sys.argv) - 2 :]))
    told = reports(rows, seed=seed)
    ids = [f"r{number}" for number in range(rows)]
    (folder / "task").mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"id": ids, "text": [one.text for one in told]}).write_parquet(folder / "documents.parquet")
    right = [{**one.gold, "report_date": datetime.date.fromisoformat(one.gold["report_date"])} for one in told]
    pl.DataFrame({"id": ids}).hstack(pl.DataFrame(right)).write_parquet(folder / "gold.parquet")
    (folder / "task" / "outbreak_news.yaml").write_text(yaml.safe_dump(TASK, sort_keys=False), encoding="utf-8")
    print(f"{folder}: documents.parquet, gold.parquet ({rows} reports, seed {seed}), task/outbreak_news.yaml")


if __name__ == "__main__":
    main()
