"""Find documents of an embedded corpus: python jobs/search.py run.dir=… query="…" """

from glane.cli import run

if __name__ == "__main__":
    run("search")
