"""One module for each kind of file, with a function `read(data, context)`. Parsers are imported here only."""
