"""Evidence tables: effects that are checked, studies that are counted once, and files for a meta-analysis."""
