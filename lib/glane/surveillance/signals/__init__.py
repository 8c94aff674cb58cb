"""Signals: counts of a period that are higher than earlier periods let expect."""
