"""What a run will take, from a small one: python jobs/plan.py task=… model=… data.path=… [pilot.gpus=[8,16]]"""

from omegaconf import DictConfig

from glane.cli import run_job


def main(config: DictConfig) -> None:
    """Try a sample, predict, and write the report: the only thing that is left."""
    import sys

    from glane.settings import plan_settings

    settings = plan_settings(config)

    from glane.pilot.job import run_pilot
    from glane.pilot.report import report_lines, write_report

    report = run_pilot(settings, say=lambda line: print(line, file=sys.stderr, flush=True))
    path = write_report(settings.out.dir, report)
    print("\n".join(report_lines(report)))
    print(f"report     {path}")


if __name__ == "__main__":
    run_job(main, config_name="plan")
