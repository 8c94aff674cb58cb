"""Compare a run with right answers: python jobs/evaluate.py run.dir=… gold=… out.dir=… [spans=…] [by=[hospital]]"""

from glane.cli import run

if __name__ == "__main__":
    run("evaluate")
