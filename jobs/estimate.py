"""Figures of a run, corrected by a reviewed sample: python jobs/estimate.py run.dir=… gold=… out.dir=… field=fever"""

from collections.abc import Mapping
from typing import Any

from glane.cli import run_job


def main(values: Mapping[str, Any]) -> None:
    """Estimate, write the table, and say in words what the intervals are."""
    from glane.assess.estimate.estimate import estimate
    from glane.assess.estimate.figures import as_table
    from glane.assess.estimate.question import Question, rows_of_run, with_weights
    from glane.assess.estimate.sentences import estimate_json, estimate_text
    from glane.assess.files import as_json, as_parquet, read_table, write_folder
    from glane.extraction.results import open_run
    from glane.settings import estimate_settings

    settings = estimate_settings(values)
    run = open_run(settings.run.dir)
    described = run.description()
    data = run.settings.data
    question = Question(
        what=settings.what, field=settings.field, value=settings.value, method=settings.method, by=settings.by,
        every=settings.every, covariates=settings.covariates, shared_error_rates=settings.shared_error_rates,
        level=settings.level, half_width=settings.half_width, population=settings.population,
    )  # fmt: skip
    gold = with_weights(
        read_table(settings.gold, place="gold"),
        weight=settings.weight, inclusion_probability=settings.inclusion_probability,
    )  # fmt: skip
    rows = rows_of_run(
        run.usable(), question, id_column=data.id_column, carried=data.carry_columns,
        input_paths=run.input_paths,
    )  # fmt: skip
    found = estimate(rows, gold, question, id_column=data.id_column)
    about = {"run": settings.run.dir, "gold": settings.gold, "fingerprint": described.fingerprint_digest}
    num_rejected = int(run.rejected().select("status").collect().height)
    write_folder(
        settings.out.dir,
        {
            "estimates.parquet": as_parquet(as_table(found)),
            "estimates.json": as_json(estimate_json(found, question, about, num_rejected=num_rejected)),
        },
    )
    print(estimate_text(found, question, num_rejected=num_rejected))
    print(f"{settings.out.dir}: estimates.parquet, estimates.json")


if __name__ == "__main__":
    run_job(main, config_name="estimate", text=__doc__ or "")
