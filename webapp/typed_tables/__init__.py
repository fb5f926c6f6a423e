"""Tables that people type in or bring as a workbook: text cells in, values out, all faults said at once."""
