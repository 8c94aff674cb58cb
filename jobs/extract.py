"""Ask a task of every document of a Parquet data set: python jobs/extract.py task=… model=… data.path=… run.dir=…"""

from glane.cli import run

if __name__ == "__main__":
    run("extract")
