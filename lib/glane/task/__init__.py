"""A task: its fields, their JSON Schema and Arrow types, its rules, examples and prompt.

This room knows no engine, run or file of documents.
"""
