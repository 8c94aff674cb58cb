"""Freeze a few documents of a run with their answers: python jobs/sentinels.py run.dir=… out.dir=… rows=200 [gold=…]

Each later run asks them again (task.sentinels=FOLDER) and tells what drifted.
"""

from glane.cli import run

if __name__ == "__main__":
    run("sentinels")
