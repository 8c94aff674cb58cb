"""A figure under several wordings, models and readings: python jobs/multiverse.py runs='runs/*' chosen=… out.dir=…

The question sealed before right answers are opened: the same with seal=true
"""

from glane.cli import run

if __name__ == "__main__":
    run("multiverse")
