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

        result = open_run(run.directory.root)
        names = [settings.data.id_column, *result.codebook()["column"].head(7)]
        print(result.usable().select(names).head(settings.show).collect())


if __name__ == "__main__":
    run_job(main, config_name="extract")
