"""Have a large model answer what a small one is not sure enough of.

python jobs/cascade.py small.dir=… calibration=… out.dir=… fields=[fever] [large.dir=…]
"""

from glane.cli import run

if __name__ == "__main__":
    run("cascade")
