"""Read files of any kind into a Parquet data set: python jobs/ingest.py source=… data.path=…"""

from glane.cli import run

if __name__ == "__main__":
    run("ingest")
