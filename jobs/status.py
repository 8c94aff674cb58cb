"""How far runs are, and what their jobs do: python jobs/status.py run.dir=… [watch=true] [json=true]"""

from glane.cli import run

if __name__ == "__main__":
    run("status")
