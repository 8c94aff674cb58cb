"""What a run will take, from a small one: python jobs/plan.py task=… model=… data.path=… [pilot.gpus=[8,16]]"""

from glane.cli import run

if __name__ == "__main__":
    run("plan")
