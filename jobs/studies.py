"""Effects of studies as an evidence table for a meta-analysis: python jobs/studies.py run.dir=… out.dir=…"""

from glane.cli import run

if __name__ == "__main__":
    run("studies")
