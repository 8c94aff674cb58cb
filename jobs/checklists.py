"""Reporting checklists, filled with what a run has recorded: python jobs/checklists.py run.dir=… out.dir=…"""

from glane.cli import run

if __name__ == "__main__":
    run("checklists")
