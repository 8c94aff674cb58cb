"""A table becomes Parquet: python jobs/convert.py source=list.csv data.path=list.parquet"""

from glane.cli import run

if __name__ == "__main__":
    run("convert")
