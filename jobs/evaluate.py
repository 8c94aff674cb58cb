"""Compare a run with right answers: python jobs/evaluate.py run.dir=… gold=… out.dir=… [spans=…] [by=[hospital]]"""

from collections.abc import Mapping
from typing import Any

from glane.cli import run_job


def main(values: Mapping[str, Any]) -> None:
    """Evaluate, write the result, and print a short table."""
    from glane.assess.compare.terminal import evaluation_text
    from glane.assess.evaluate.evaluation import evaluate
    from glane.assess.evaluate.leaf import with_rules
    from glane.assess.evaluate.measures import Chance
    from glane.assess.evaluate.report import evaluation_report
    from glane.assess.files import as_json, as_parquet, read_table, write_folder
    from glane.extraction.results import open_run
    from glane.settings import evaluate_settings
    from glane.task.task import load_task

    settings = evaluate_settings(values)
    run = open_run(settings.run.dir)
    described = run.description()
    task = load_task(run.settings.task)
    found = evaluate(
        with_rules(task.fields, settings.compare, place="compare"),
        run.all(),
        read_table(settings.gold, place="gold"),
        id_column=run.settings.data.id_column,
        spans=read_table(settings.spans, place="spans") if settings.spans else None,
        by=settings.by,
        wanted=settings.fields,
        is_weighted=settings.weighted,
        chance=Chance(samples=settings.bootstrap.samples, method=settings.bootstrap.method, seed=settings.seed),
    )
    about = {
        "run": settings.run.dir,
        "task": f"{task.name} {task.version}",
        "model": described.model,
        "fingerprint": described.fingerprint_digest,
        "gold": settings.gold,
    }
    summary = {**about, **found.summary}
    write_folder(
        settings.out.dir,
        {
            "values.parquet": as_parquet(found.values),
            "fields.parquet": as_parquet(found.fields),
            "evaluation.json": as_json(summary),
            "report.html": evaluation_report(summary, language=task.language).encode(),
        },
    )
    print(evaluation_text(summary))
    print(f"{settings.out.dir}: evaluation.json, report.html, fields.parquet, values.parquet")


if __name__ == "__main__":
    run_job(main, config_name="evaluate", text=__doc__ or "")
