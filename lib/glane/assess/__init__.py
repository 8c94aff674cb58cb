"""How good the answers of a run are: against right answers, against another run, and with what certainty."""
