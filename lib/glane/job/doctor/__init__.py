"""What would fail in a run at this site, found before the first: on a login node, and on every node of a job."""
