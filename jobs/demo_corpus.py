"""Write a synthetic corpus of emergency notes: python jobs/demo_corpus.py path=… documents=300 seed=0"""

from glane.cli import run

if __name__ == "__main__":
    run("demo-corpus")
