"""People review a sample of a run: python jobs/review.py run.dir=… out.dir=… rows=200 sample=random

What they corrected becomes gold values: python jobs/review.py run.dir=… out.dir=… corrections=[a.json,b.json]
"""

from glane.cli import run

if __name__ == "__main__":
    run("review")
