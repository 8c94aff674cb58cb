"""How far runs are, and what their batch jobs do: python jobs/status.py run.dir=… [watch=true] [json=true]"""

from omegaconf import DictConfig

from glane.cli import run_job


def main(config: DictConfig) -> None:
    """Look, and say."""
    from glane.job.status import show_status
    from glane.settings import status_settings

    show_status(status_settings(config))


if __name__ == "__main__":
    run_job(main, config_name="status")
