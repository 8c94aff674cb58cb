"""Compare runs with the first of them: python jobs/compare.py runs=[runs/a,runs/b] [gold=…] out.dir=…"""

from omegaconf import DictConfig

from glane.command import run_job


def main(config: DictConfig) -> None:
    """Compare, write the result, and print short tables."""
    from glane.assess.comparison import Candidate, compare_runs, cost_of
    from glane.assess.comparison_report import comparison_report, comparison_text
    from glane.assess.evaluation import Chance
    from glane.assess.files import as_json, as_parquet, read_table, write_folder
    from glane.assess.matching import with_rules
    from glane.run.publish import read_summary
    from glane.run.results import open_run
    from glane.settings import compare_settings
    from glane.task.task import load_task

    settings = compare_settings(config)
    candidates = []
    language = None
    for place in settings.runs:
        run = open_run(place)
        described = run.description()
        task = load_task(described["settings"]["task"])
        language = language or task.language
        # A run that was killed right after it was published has no summary yet.
        cost = cost_of(read_summary(run.directory)) if run.directory.summary.exists() else {}
        candidates.append(
            Candidate(
                name=place,
                fields=with_rules(task.fields, {} if candidates else settings.compare, place="compare"),
                rows=run.all(),
                id_column=described["settings"]["data"]["id_column"],
                about={"task": f"{task.name} {task.version}", "model": described["model"], "cost": cost},
            )
        )
    found = compare_runs(
        candidates,
        read_table(settings.gold, place="gold") if settings.gold else None,
        wanted=settings.fields,
        chance=Chance(samples=settings.bootstrap.samples, method=settings.bootstrap.method, seed=settings.seed),
    )
    write_folder(
        settings.out.dir,
        {
            "differences.parquet": as_parquet(found.differences),
            "comparison.json": as_json({**found.summary, "gold": settings.gold}),
            "report.html": comparison_report(found.summary, language=language or "fr").encode(),
        },
    )
    print(comparison_text(found.summary))
    print(f"{settings.out.dir}: comparison.json, report.html, differences.parquet")


if __name__ == "__main__":
    run_job(main, config_name="compare")
