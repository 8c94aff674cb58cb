"""Translated programs tried: run on synthetic twins of their tables, confined, and compared with what was expected."""
