"""Which values can do without review: python jobs/calibrate.py run.dir=… values=….parquet out.dir=… alpha=0.05"""

from glane.cli import run

if __name__ == "__main__":
    run("calibrate")
