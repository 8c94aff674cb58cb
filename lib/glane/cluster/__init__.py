"""Where workers run. The only room that imports ray."""
