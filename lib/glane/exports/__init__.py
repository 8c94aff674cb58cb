"""The values of a run as files for other programs: spreadsheets, R, SAS, databases, archives and annotation tools."""
