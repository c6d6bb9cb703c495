"""One file for each experiment, named like it with _ for -.

To add one, copy a short file, `adam_first_step.py` or `softmax_cross_entropy.py` (less than 80 lines):

1. `_run(bench)` measures with the library itself: seeds from `bench.seeds(...)`, `engine=bench.engine` passed on,
   `bench.say(done, total)` called if it takes long. It returns `Findings`: checks, a reading with the measured numbers in it, and
   what the picture needs. Numbers known beforehand are checked by `exact`, formulas with a tolerance by `within`, which of two
   measured numbers is the greater by `compared`, numbers that only runs can tell by `calibrated`: run 20 seeds, or groups of
   seeds, once, and write median, spread and seeds into a `Band`.
   Where the lecture goes too far, `caveat` says what was measured instead.
2. `_draw(found, figure)` draws `found.data` and nothing else: axes with names, curves told apart without colour
   (`chainrule.lab.drawing`).
3. ``EXPERIMENT = Experiment(...)`` names the lecture, the claim and the prediction, and how long it takes.
4. A line in `chainrule.lab.catalogue`. Then `chainrule lab run NAME --out DIR`, look at the picture, and try other seeds. A run
   of more than 12 seconds needs `reduced_seconds` and a smaller setting where `bench.reduced` is set.

The tests run it, hold it to its claim and look for its section in the gallery (docs/lab.md), which `chainrule lab run NAME --out
docs/lab` and `chainrule lab gallery docs/lab.md --out docs/lab` write.
"""
