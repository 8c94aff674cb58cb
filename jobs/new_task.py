"""Draft a task from a few documents and a sentence: python jobs/new_task.py from=… about=… model=… out=….yaml"""

from glane.cli import run

if __name__ == "__main__":
    run("new_task")
