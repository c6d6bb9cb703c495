"""One file for each experiment; `chainrule.lab.catalogue` lists them."""
