"""How right a run is: its answers against right answers."""
