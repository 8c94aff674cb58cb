"""Make vectors of documents: python jobs/embed.py model=… data.path=… run.dir=…"""

from glane.cli import run

if __name__ == "__main__":
    run("embed")
