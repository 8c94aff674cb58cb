"""What is derived of values and stands beside them: codes of reference tables, dates and quantities in one form.

Values and quotes stay as they are. Everything here is deterministic; `tables` alone opens files.
"""
