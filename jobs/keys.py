"""A key for encryption at rest, and which keys files need: python jobs/keys.py file=… name=… or run.dir=…"""

from glane.cli import run

if __name__ == "__main__":
    run("keys")
