"""Take a model into the catalogue: python jobs/stage_model.py source=… models.dir=…"""

from glane.cli import run

if __name__ == "__main__":
    run("stage-model")
