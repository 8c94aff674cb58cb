"""Compare runs with the first of them: python jobs/compare.py runs=[runs/a,runs/b] [gold=…] out.dir=…

All runs of a sweep, in one table: python jobs/compare.py runs='runs/sweep/*' [gold=…] out.dir=…
"""

from collections.abc import Mapping
from typing import Any

from glane.cli import run_job


def main(values: Mapping[str, Any]) -> None:
    """Compare, write the result, and print short tables."""
    from glane.assess.compare.candidates import Candidate
    from glane.assess.compare.comparison import compare_runs
    from glane.assess.compare.report import comparison_report
    from glane.assess.compare.runs_table import cost_of, differing_settings, runs_table
    from glane.assess.compare.terminal import comparison_text
    from glane.assess.evaluate.leaf import with_rules
    from glane.assess.evaluate.measures import Chance
    from glane.assess.files import as_json, as_parquet, read_table, write_folder
    from glane.errors import DataError
    from glane.extraction.results import open_run
    from glane.run.find import find_runs
    from glane.run.summary import Summary, read_summary
    from glane.settings import compare_settings
    from glane.task.task import load_task

    settings = compare_settings(values)
    places = find_runs(settings.runs)
    if len(places.paths) < 2:
        raise DataError(
            f"runs: only {', '.join(places.paths)}; at least two are needed, as runs=[runs/a,runs/b] or runs='runs/*'."
        )
    if places.incomplete:
        print(f"left out, not complete: {', '.join(places.incomplete)}")
    candidates: list[Candidate] = []
    language = None
    runs = [open_run(place) for place in places.paths]
    descriptions = [run.description() for run in runs]
    differing = differing_settings([described.settings for described in descriptions])
    for place, run, described, differs in zip(places.paths, runs, descriptions, differing, strict=True):
        task = load_task(run.settings.task)
        language = language or task.language
        # A run that was killed right after it was published has no summary yet.
        cost = cost_of(read_summary(run.directory, Summary)) if run.directory.summary.exists() else {}
        candidates.append(
            Candidate(
                name=place,
                fields=with_rules(task.fields, {} if candidates else settings.compare, place="compare"),
                rows=run.all(),
                id_column=run.settings.data.id_column,
                about={
                    "task": f"{task.name} {task.version}",
                    "model": described.model,
                    "settings": differs,
                    "cost": cost,
                },
            )
        )
    found = compare_runs(
        candidates,
        read_table(settings.gold, place="gold") if settings.gold else None,
        wanted=settings.fields,
        is_weighted=settings.weighted,
        chance=Chance(samples=settings.bootstrap.samples, method=settings.bootstrap.method, seed=settings.seed),
    )
    write_folder(
        settings.out.dir,
        {
            "runs.parquet": as_parquet(runs_table(found.summary)),
            "differences.parquet": as_parquet(found.differences),
            "comparison.json": as_json({**found.summary, "gold": settings.gold}),
            "report.html": comparison_report(found.summary, language=language or "fr").encode(),
        },
    )
    print(comparison_text(found.summary))
    print(f"{settings.out.dir}: comparison.json, report.html, runs.parquet, differences.parquet")


if __name__ == "__main__":
    run_job(main, config_name="compare", text=__doc__ or "")
