"""The checks, one function each: from a case to what was found, by theme. Their table is `chainrule.diagnosis.catalogue`."""
