"""Models staged in a catalogue: looked at before they are taken, copied with digests, listed."""
