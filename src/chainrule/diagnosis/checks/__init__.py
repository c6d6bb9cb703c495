"""The checks, one function each: from a case to what was found, by theme. The table of them is `chainrule.diagnosis.table`."""
