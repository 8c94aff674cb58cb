"""Check the audit log, and write or compare its heads: python jobs/audit.py dir=… out=…"""

from glane.cli import run

if __name__ == "__main__":
    run("audit")
