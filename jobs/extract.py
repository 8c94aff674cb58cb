"""Ask a task of every document of a Parquet data set: python jobs/extract.py task=… model=… data.path=… run.dir=…"""

from omegaconf import DictConfig

from glane.cli import run_job


def main(config: DictConfig) -> None:
    """Extract, or preview a few documents."""
    from glane.settings import extract_settings

    settings = extract_settings(config)
    if settings.cluster.kind != "local":
        from glane.job.submit import extract_on_cluster

        extract_on_cluster(settings)
    elif settings.preview:
        from glane.job.extract import checked
        from glane.job.preview import preview

        preview(*checked(settings), show=print)
        return
    else:
        from glane.job.here import extract_here

        extract_here(settings)
    if settings.show:
        import polars as pl

        from glane.extraction.results import open_run

        result = open_run(settings.run.dir)
        fields = result.codebook().filter(pl.col("role") == "field")["column"]
        names = [settings.data.id_column, *fields.head(7)]
        print(result.usable().select(names).head(settings.show).collect())


if __name__ == "__main__":
    run_job(main, config_name="extract")
