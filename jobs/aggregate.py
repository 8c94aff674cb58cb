"""Cases of a run by period, place and age: python jobs/aggregate.py table=… run.dir=… out.dir=…"""

from glane.cli import run

if __name__ == "__main__":
    run("aggregate")
