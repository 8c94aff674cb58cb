"""Tell what would fail at this site: python jobs/doctor.py cluster=slurm model=… run.dir=… [nodes=true] [out=…]"""

from glane.cli import run

if __name__ == "__main__":
    run("doctor")
