"""Freeze a few documents of a run with their answers: python jobs/sentinels.py run.dir=… out.dir=… rows=50 [gold=…]

Each later run asks them again (task.sentinels=FOLDER) and tells what drifted.
"""

from collections.abc import Mapping
from typing import Any

from glane.cli import run_job


def main(values: Mapping[str, Any]) -> None:
    """Draw the documents, freeze them, and say how to use them."""
    from glane.assess.files import read_table
    from glane.assess.review.page import open_input
    from glane.assess.sampling import draw
    from glane.extraction.frozen import freeze
    from glane.extraction.results import open_run
    from glane.settings import sentinels_settings
    from glane.task.task import load_task

    settings = sentinels_settings(values)
    run = open_run(settings.run.dir)
    task, id_column = load_task(run.settings.task), run.settings.data.id_column
    rows, gold = run.usable(), None
    if settings.gold is not None:
        from glane.assess.evaluate.pairing import pair

        gold = pair(task.fields, rows, read_table(settings.gold, place="gold"), id_column=id_column).gold
        rows = rows.join(gold.lazy().select(id_column), on=id_column, how="semi")
    sample = draw(
        rows, open_input(run.input_paths), id_column=id_column,
        method="stratified" if settings.by else "random", fields=(), num_rows=settings.rows, seed=settings.seed,
        by=settings.by, allocation=settings.allocation,
    )  # fmt: skip
    ids = sample[id_column]
    frozen = freeze(
        run, task, ids, folder=settings.out.dir, tolerance=settings.tolerance,
        sample=settings.model_dump(mode="json", include={"rows", "by", "allocation", "seed", "gold"}),
        gold=None if gold is None else gold.join(sample.select(id_column), on=id_column, how="semi"),
    )  # fmt: skip
    manifest = frozen.manifest
    what = "the model's answers" if manifest.source == "model" else "the model's and right answers"
    print(f"sentinels  {manifest.documents} documents of {settings.run.dir} with {what} ({manifest.model})")
    print(f"folder     {settings.out.dir}: {', '.join(manifest.files)}, sentinels.json")
    print(f"use        python jobs/extract.py … task.sentinels={settings.out.dir}   (or in the task, sentinels: …)")


if __name__ == "__main__":
    run_job(main, config_name="sentinels", text=__doc__ or "")
