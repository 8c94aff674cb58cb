"""Bytes become text: in which encoding they are, told by marks, by NULs, by UTF-8, or by what letters they would be."""
