"""Documents erased from runs and all that was made of them: python jobs/erase.py run.dir=… ids=[…]"""

from glane.cli import run

if __name__ == "__main__":
    run("erase")
