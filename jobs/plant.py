"""Plant attacks into documents of a run: python jobs/plant.py run.dir=… out.dir=… rows=100 [gold=…]

A run over them, and evaluate with attacks=…, tell how often the model yields, and how often nothing marks it.
"""

from glane.cli import run

if __name__ == "__main__":
    run("plant")
