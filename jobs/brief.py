"""A brief whose figures and sentences can be checked: python jobs/brief.py brief=… run.dir=… out.dir=…"""

from glane.cli import run

if __name__ == "__main__":
    run("brief")
