"""The lab: every claim of the lectures as an experiment that anyone can run (`chainrule lab list`)."""
