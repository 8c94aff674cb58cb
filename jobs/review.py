"""People review a sample of a run: python jobs/review.py run.dir=… out.dir=… rows=200 sample=random

What they corrected becomes gold values: python jobs/review.py run.dir=… out.dir=… corrections=[a.json,b.json]
"""

from omegaconf import DictConfig

from glane.cli import run_job


def main(config: DictConfig) -> None:
    """Draw the sample and write its page, or read the corrections and write the gold."""
    import polars as pl

    from glane.assess.review.corrections import read_corrections
    from glane.assess.review.data import review_data
    from glane.assess.review.gold import make_gold, write_gold
    from glane.assess.review.page import chosen_fields, open_input, write_review
    from glane.assess.review.reviewed_sample import read_sample
    from glane.assess.sampling import draw
    from glane.extraction.results import open_run
    from glane.settings import review_settings
    from glane.task.task import load_task

    settings = review_settings(config)
    run = open_run(settings.run.dir)
    described = run.description()
    names, key = run.settings.data, described.fingerprint_digest
    id_column, text_column = names.id_column, names.text_column
    task, rows = load_task(run.settings.task), run.usable()
    if settings.corrections:
        reviews = {path: read_corrections(path, run=key) for path in settings.corrections}
        ids = [document.id for review in reviews.values() for document in review.documents]
        reviewed = rows.filter(pl.col(id_column).cast(pl.String).is_in(ids)).collect()
        sample = read_sample(settings.out.dir, id_column=id_column)
        print(write_gold(settings.out.dir, make_gold(task, reviewed, sample, reviews, id_column=id_column)))
        return
    fields = chosen_fields(task, settings.fields)
    documents = open_input(run.input_paths)
    drawn = draw(
        rows, documents, id_column=id_column, method=settings.sample, fields=fields, num_rows=settings.rows,
        seed=settings.seed, by=settings.by, allocation=settings.allocation,
    )  # fmt: skip
    is_drawn = pl.col(id_column).is_in(drawn[id_column].to_list())
    texts = documents.filter(is_drawn).select(
        id_column, pl.col(text_column).cast(pl.String, strict=False).alias("__text")
    )
    data = review_data(
        task, rows.filter(is_drawn).join(texts, on=id_column).collect(), drawn, id_column=id_column,
        text_column="__text", run=key, fields=fields, context=names.carry_columns,
    )  # fmt: skip
    print(write_review(settings.out.dir, drawn, data))


if __name__ == "__main__":
    run_job(main, config_name="review")
