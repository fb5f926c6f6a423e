"""Papers that people sign: one description of a page of tables, drawn as docx, xlsx and PDF alike."""
