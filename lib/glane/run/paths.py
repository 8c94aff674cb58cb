"""The paths inside a run directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from glane.corpus.find import INPUT_FOLDER
from glane.run.names import MARKER


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPaths:
    """What is where in a run directory."""

    root: Path

    @property
    def marker(self) -> Path:
        """`.glane-run`: made before all else. Nothing is written or removed in a directory without it."""
        return self.root / MARKER

    @property
    def description(self) -> Path:
        """`run.yaml`: settings, fingerprint, versions. It exists once the run has begun."""
        return self.root / "run.yaml"

    @property
    def plan(self) -> Path:
        """The plan: which rows make which shard."""
        return self.root / "plan.parquet"

    @property
    def inventory(self) -> Path:
        """Of a run that reads files: these, as they were found when it began."""
        return self.root / "inventory.parquet"

    @property
    def lineage(self) -> Path:
        """Of a run that extends another: which row of that one each row of this one was."""
        return self.root / "lineage.parquet"

    @property
    def input(self) -> Path:
        """Parquet that was made of the input, where that is tables of other formats."""
        return self.root / INPUT_FOLDER

    @property
    def parts(self) -> Path:
        """Committed shards, while the run goes on."""
        return self.root / "parts"

    @property
    def records(self) -> Path:
        """The result. It exists once the run is complete."""
        return self.root / "records"

    @property
    def summary(self) -> Path:
        """Counts of a complete run."""
        return self.root / "summary.json"

    @property
    def digests(self) -> Path:
        """Digests of the files of a complete run."""
        return self.root / "digests.json"

    @property
    def erased(self) -> Path:
        """Which documents were erased, without their ids."""
        return self.root / "erased.json"

    @property
    def ledger(self) -> Path:
        """Claims, heartbeats, windows, deaths, starts, submissions and faults of nodes."""
        return self.root / "ledger"

    @property
    def claims(self) -> Path:
        """One symbolic link per claimed shard. Its target is the name of the worker."""
        return self.ledger / "claims"

    @property
    def workers(self) -> Path:
        """One heartbeat file per worker."""
        return self.ledger / "workers"

    @property
    def windows(self) -> Path:
        """Per worker, the prompts that are in its engine."""
        return self.ledger / "windows"

    @property
    def deaths(self) -> Path:
        """One file per engine that died, with the prompts that were in it."""
        return self.ledger / "deaths"

    @property
    def publishers(self) -> Path:
        """Who publishes the result, and heartbeats of those who could; see `glane.run.publisher`."""
        return self.ledger / "publishers"

    @property
    def log(self) -> Path:
        """Progress, line by line."""
        return self.root / "extract.log"

    def part(self, shard: int) -> Path:
        """The committed rows of one shard."""
        return self.parts / f"part-{shard:07d}.parquet"
