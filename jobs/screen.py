"""Read until nearly all cases are certain to be found: python jobs/screen.py run.dir=… out.dir=… field=fever

Then the same with what was read: python jobs/screen.py run.dir=… out.dir=… field=fever corrections=[a.json]
"""

from glane.cli import run

if __name__ == "__main__":
    run("screen")
