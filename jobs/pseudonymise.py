"""Documents are pseudonymised: python jobs/pseudonymise.py data.path=… out.dir=… offsets=… key_file=…"""

from glane.cli import run

if __name__ == "__main__":
    run("pseudonymise")
