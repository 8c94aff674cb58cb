"""Reporting checklists and papers (impact assessment, flows, cards), with what a run and its assessments tell."""
