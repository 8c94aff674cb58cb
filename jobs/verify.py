"""Every digest of a run taken again: python jobs/verify.py run.dir=…"""

from glane.cli import run

if __name__ == "__main__":
    run("verify")
