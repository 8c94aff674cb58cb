"""Which values can do without review: python jobs/calibrate.py run.dir=… values=….parquet out.dir=… alpha=0.05"""

from collections.abc import Mapping
from typing import Any

from glane.cli import run_job


def main(values: Mapping[str, Any]) -> None:
    """Calibrate, part the run's values, and say how many are accepted."""
    from glane.assess.calibrate.acceptance import accept, acceptance_text
    from glane.assess.calibrate.page import calibration_page
    from glane.assess.files import as_json, as_parquet, read_table, write_folder
    from glane.extraction.results import open_run
    from glane.settings import calibrate_settings
    from glane.task.task import load_task

    settings = calibrate_settings(values)
    run = open_run(settings.run.dir)
    found = accept(
        run.evidence().collect(),
        read_table(settings.values, place="values"),
        id_column=run.settings.data.id_column,
        alpha=settings.alpha,
        delta=settings.delta,
        seed=settings.seed,
    )
    summary = {"run": settings.run.dir, "values": settings.values, **found.summary}
    write_folder(
        settings.out.dir,
        {
            "accepted.parquet": as_parquet(found.accepted),
            "to_review.parquet": as_parquet(found.to_review),
            "calibration.json": as_json(summary),
            "report.html": calibration_page(summary, language=load_task(run.settings.task).language).encode(),
        },
    )
    print(acceptance_text(summary))
    print(f"{settings.out.dir}: accepted.parquet, to_review.parquet, calibration.json, report.html")


if __name__ == "__main__":
    run_job(main, config_name="calibrate", text=__doc__ or "")
