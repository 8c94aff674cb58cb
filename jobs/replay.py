"""Documents of a run extracted again, and compared: python jobs/replay.py run.dir=…"""

from glane.cli import run

if __name__ == "__main__":
    run("replay")
