"""A level's catalogue as tables: what editor and workbook show, and how a Scheme is read from them."""
