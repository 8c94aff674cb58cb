"""The extraction: documents of a durable run become prompts, answers and records.

It also reads results back, and keeps the sentinels. The processes that work on a run are started by the rooms above.
"""
