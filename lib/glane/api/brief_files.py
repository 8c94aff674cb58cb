"""The names of the files of a brief."""

CLAIMS, SUMMARY, WORD, WORK = "claims.parquet", "brief.json", "brief.docx", "work"
FILES = (CLAIMS, "measures.parquet", "brief.md", "brief.html", WORD, SUMMARY)  # the record is written last
