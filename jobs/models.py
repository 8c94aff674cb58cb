"""The staged models: python jobs/models.py models.dir=…"""

from glane.cli import run

if __name__ == "__main__":
    run("models")
