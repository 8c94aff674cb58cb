"""What killed processes and old submissions of runs left: python jobs/clean.py run.dir=… [remove=true]"""

from glane.cli import run

if __name__ == "__main__":
    run("clean")
