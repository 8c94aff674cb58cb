"""Reads one document: splits it, plans its prompts, and turns the answers into one record.

The steps are split, prompt turns, parse, align, confidence and merge. No file, engine or process is touched here.
"""
