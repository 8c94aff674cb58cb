"""Run translated programs on synthetic twins: python jobs/try_programs.py run.dir=… tables=… out.dir=…"""

from glane.cli import run

if __name__ == "__main__":
    run("try-programs")
