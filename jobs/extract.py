"""Ask a task of every document of a Parquet data set: python jobs/extract.py task=… model=… data.path=… run.dir=…"""

from omegaconf import DictConfig

from glane.command import run_job


def main(config: DictConfig) -> None:
    """Extract, or preview a few documents."""
    from glane.cluster.extract import checked, extract
    from glane.settings import extract_settings

    settings = extract_settings(config)
    if settings.preview:
        from glane.run.preview import preview

        preview(*checked(settings), show=print)
        return
    run = extract(settings)
    if settings.show:
        from glane.run.results import open_run

        print(open_run(run.directory.root).usable().head(settings.show).collect())


if __name__ == "__main__":
    run_job(main, config_name="extract")
