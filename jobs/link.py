"""Records of one person or event: python jobs/link.py linkage=… run.dir=… out.dir=…"""

from glane.cli import run

if __name__ == "__main__":
    run("link")
