"""Identifiers of persons in French clinical texts: found by rules and lists, and replaced by keyed pseudonyms."""
