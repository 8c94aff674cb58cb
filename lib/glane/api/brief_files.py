"""The names of the files of a brief."""

CLAIMS, MEASURES, SUMMARY, WORD, WORK = "claims.parquet", "measures.parquet", "brief.json", "brief.docx", "work"
FILES = (CLAIMS, MEASURES, "brief.md", "brief.html", WORD, SUMMARY)  # the record is written last
