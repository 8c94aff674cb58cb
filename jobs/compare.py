"""Compare runs with the first of them: python jobs/compare.py runs=[runs/a,runs/b] [gold=…] out.dir=…

All runs of a sweep, in one table: python jobs/compare.py runs='runs/sweep/*' [gold=…] out.dir=…
"""

from glane.cli import run

if __name__ == "__main__":
    run("compare")
