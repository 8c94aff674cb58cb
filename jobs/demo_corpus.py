"""Write a synthetic corpus of emergency notes: python jobs/demo_corpus.py path=… documents=300 seed=0"""

from omegaconf import DictConfig

from glane.cli import run_job


def main(config: DictConfig) -> None:
    """Generate, and say what was written."""
    from pathlib import Path

    from glane.demo.corpus import write_corpus
    from glane.settings import demo_corpus_settings

    settings = demo_corpus_settings(config)
    write_corpus(Path(settings.path), documents=settings.documents, seed=settings.seed)
    print(
        f"{settings.path}: documents.parquet, gold.parquet, gold_spans.parquet ({settings.documents} synthetic notes)"
    )


if __name__ == "__main__":
    run_job(main, config_name="demo_corpus")
