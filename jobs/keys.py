"""A key for encryption at rest: python jobs/keys.py file=… name=…"""

from glane.cli import run

if __name__ == "__main__":
    run("keys")
