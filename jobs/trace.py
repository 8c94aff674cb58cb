"""From a sentence of a brief to what it rests on: python jobs/trace.py brief.dir=… id=…"""

from glane.cli import run

if __name__ == "__main__":
    run("trace")
