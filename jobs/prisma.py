"""The flow of records through a review, counted from what was done: python jobs/prisma.py run.dir=… out.dir=…"""

from glane.cli import run

if __name__ == "__main__":
    run("prisma")
