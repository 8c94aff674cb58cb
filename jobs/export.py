"""Write the values of a run as files for other programs: python jobs/export.py run.dir=… to=csv out.dir=…"""

from glane.cli import run

if __name__ == "__main__":
    run("export")
