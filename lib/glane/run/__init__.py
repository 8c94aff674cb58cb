"""One run: its directory, plan, ledger, worker loop, publication and results."""
