"""Reporting checklists (STARD, RECORD, TRIPOD-LLM) with the items that a run, and what was made of it, can tell."""
