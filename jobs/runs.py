"""The runs in a folder, and what was made of each: python jobs/runs.py folder=runs [out.dir=…] [json=true]"""

from glane.cli import run

if __name__ == "__main__":
    run("runs")
