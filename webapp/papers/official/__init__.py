"""Official documents on a kept version of the index, set after Decree 30/2020/NĐ-CP.

edition + Wording → decision.compose(…) | report.compose(…) | minutes.compose(…) → OfficialDocument
as_docx.write(document), as_pdf.write(document, fonts_dir)     # bytes
"""
