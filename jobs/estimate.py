"""Figures of a run, corrected by a reviewed sample: python jobs/estimate.py run.dir=… gold=… out.dir=… field=fever"""

from glane.cli import run

if __name__ == "__main__":
    run("estimate")
