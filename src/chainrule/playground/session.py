"""A playground without its page: one plain object that holds data, network and training, and answers in plain data and frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.formulas.lookup import Array
from chainrule.playground import describing
from chainrule.playground.checked import one_of, whole
from chainrule.playground.data.planes import Plane, plane_of
from chainrule.playground.data.rows import Data, make_data
from chainrule.playground.data.source import Source
from chainrule.playground.keeping.fitted import check_opened, opened_setup
from chainrule.playground.opening import for_source, invented_rows, next_text, other_digest, read_setup
from chainrule.playground.pictures.frames import Frame
from chainrule.playground.pictures.painting import paint
from chainrule.playground.settings.address import write_hash
from chainrule.playground.settings.agreement import agreed
from chainrule.playground.settings.features import plain_features
from chainrule.playground.settings.setup import MOST_SEED, Note, Setup, nested
from chainrule.playground.training.building import Built, build, grown, start_theta
from chainrule.playground.training.judge import Judged
from chainrule.playground.training.run import Run

Reply = dict[str, Any]
PARTS = ("batch", "epoch")


class Session:
    """A playground.

    It is not safe for several threads at once. What the user does wrong is a ValueError (tables: TableError) and changes nothing.

    Parameters
    ----------
    setup : Setup, optional
        What it is set to; by default the circle.
    source : Source, optional
        The user's own data.

    Attributes
    ----------
    setup : Setup
        As it is in force.
    notes : list of Note
        What the last action had to change or wants to be known.
    """

    def __init__(self, setup: Setup | None = None, source: Source | None = None) -> None:
        self.source, self.notes = source, list[Note]()
        self.frozen: int | None = None
        self.runs, self.version = 0, 0
        self._look_at: tuple[Any, Plane | None] | None = None
        self._judged: tuple[int, Judged] | None = None
        self._grids: dict[tuple[int, int, int], Array] = {}
        told = [] if setup is None or source is None else other_digest(setup, source)
        setup = for_source(setup or Setup(), source)
        if source is not None and source.model is not None:
            setup, more = opened_setup(setup, source.model)
            told += [*invented_rows(source), *more]
        self._begin(setup, opening=True)
        self.notes = [*told, *self.notes]

    @classmethod
    def open(cls, given: Any = None, source: Source | None = None) -> tuple[Session, list[dict[str, str]]]:
        """A session from whatever describes one.

        Parameters
        ----------
        given : dict, str or None
            A setup as plain data, the text behind the # of an address, a link of playground.tensorflow.org, or nothing.
        source : Source, optional
            The user's own data.
        """
        setup, notes = read_setup(given)
        session = cls(setup, source)
        told = [note.to_plain() for note in (*notes, *session.notes)]
        session.notes = []
        return session, told

    # -- making

    def _begin(
        self, asked: Setup, keep: Data | None = None, notes: list[Note] | None = None, opening: bool = False
    ) -> None:
        """New data (or those kept), network and training; nothing changes if that fails."""
        data, notes = (keep, notes or []) if keep is not None else make_data(asked, self.source)
        setup, more = agreed(asked, data)
        built = build(setup, data)
        if opening and self.source is not None and self.source.model is not None:
            check_opened(built, self.source.model)
        theta = self._opened_theta(built, start_theta(setup, built))
        run = Run(setup, built, theta)
        self.run, self.data = run, data
        self.notes = [*notes, *more]
        self._look_at, self.runs, self.version = None, self.runs + 1, self.version + 1
        if self.frozen is not None and self.frozen >= data.rows:
            self.frozen = None

    def _opened_theta(self, built: Built, drawn: Any) -> Any:
        """The parameters of a model that was opened, as long as the network is its own."""
        model = None if self.source is None else self.source.model
        if model is None or built.network.widths != model.network_.widths or self._reseeded:
            return drawn
        theta = model._parameters()[1]
        return theta.astype(drawn.dtype) if theta.shape == drawn.shape else drawn

    _reseeded = False

    @property
    def setup(self) -> Setup:
        """What is in force."""
        return self.run.setup

    @property
    def built(self) -> Built:
        """Network and rows."""
        return self.run.built

    @property
    def plane(self) -> Plane | None:
        """The plane of the map; None for data on a line."""
        key = (self.setup.view, self.data)
        if self._look_at is None or self._look_at[0] != key:
            self._look_at = (key, plane_of(self.data, self.setup.view, self.notes))
        return self._look_at[1]

    # -- telling

    def status(self) -> dict[str, Any]:
        """Where the run stands."""
        return describing.status(self)

    def describe(self) -> dict[str, Any]:
        """Everything that a new page needs once."""
        return {
            "setup": self.setup.to_plain(),
            "status": self.status(),
            "data": describing.data(self),
            "network": describing.network(self),
            "notes": [note.to_plain() for note in self.notes],
        }

    def hash(self) -> str:
        """The text of an address."""
        return write_hash(self.setup)

    def frame(self, wanted: Mapping[str, Any] | None = None) -> Frame:
        """The newest state, as much of it as is wanted; see `chainrule.playground.pictures.painting`."""
        return paint(self, wanted or {})

    def judged(self) -> Judged:
        """Losses and scores of the present parameters."""
        if self._judged is None or self._judged[0] != self.version:
            self._judged = (self.version, self.run.judge(self.run.learner.theta))
        return self._judged[1]

    def grid(self, resolution: int) -> Array:
        """The rows of a square grid on the plane, as the network sees them."""
        plane, built = self.plane, self.built
        assert plane is not None
        key = (id(plane), id(built), resolution)
        if key not in self._grids:
            self._grids = {old: rows for old, rows in self._grids.items() if old[:2] == key[:2]}
            self._grids[key] = built.inputs(plane.rows(plane.grid(resolution)))
        return self._grids[key]

    def _reply(self, *changed: str) -> Reply:
        reply: Reply = {
            "status": self.status(),
            "notes": [note.to_plain() for note in self.notes],
            "changed": list(changed),
        }
        parts: dict[str, Any] = {
            "setup": self.setup.to_plain,
            "data": lambda: describing.data(self),
            "network": lambda: describing.network(self),
        }
        return {**reply, **{name: told() for name, told in parts.items() if name in changed}}

    # -- training

    def advance(self, epochs: int = 1, seconds: float | None = None) -> Reply:
        """Train until that many epochs are done, that time is over, or something stops it."""
        self.notes = []
        before = self.run.learner.updates
        self.run.advance(whole("epochs", epochs, 1, 10**9), None if seconds is None else float(seconds))
        if self.run.learner.updates != before:
            self.version += 1
        return self._reply("weights", "curves")

    def step(self, what: str = "epoch") -> Reply:
        """One row, one batch, or one epoch."""
        self.notes = []
        one_of("what", what, ("sample", *PARTS))
        if what == "sample" and any(layer.batch_norm for layer in self.built.network.layers):
            raise ValueError(
                "a single row cannot be normalised over; step by batches, or turn batch normalisation off."
            )
        self.run.step(what)
        self.version += 1
        return self._reply("weights", "curves")

    def back(self, what: str = "epoch", count: int = 1) -> Reply:
        """Back by some batches or epochs, exactly; what was changed since is undone too."""
        self.notes = []
        one_of("what", what, PARTS)
        before = self.setup
        if not self.run.can_back()[what]:
            raise ValueError("there is nothing to go back to: this is the start." if what == "epoch" else NO_STEPS)
        self.run.back(what, whole("count", count, 1, 10**9))
        self.version, self.runs = self.version + 1, self.runs + 1
        changed = [] if self.setup == before else ["setup", "network", "view"]
        if changed:
            self.notes.append(Note("info", "", "the changes made since then are undone too."))
        return self._reply("weights", "curves", *changed)

    def proceed(self) -> Reply:
        """Go on in spite of why it stopped."""
        self.notes = []
        self.run.proceed()
        return self._reply()

    # -- beginning again

    def reset(self) -> Reply:
        """Back to the same start weights."""
        self._begin(self.setup, keep=self.data)
        return self._reply("weights", "curves", "setup", "network")

    def new_weights(self) -> Reply:
        """Other start weights: the next seed."""
        self._reseeded = True
        network = replace(self.setup.network, seed=(self.setup.network.seed + 1) % MOST_SEED)
        setup = replace(self.setup, network=network)
        self._begin(setup, keep=None if setup.data.source == "rival" else self.data)
        return self._reply("weights", "curves", "setup", "network")

    def new_data(self) -> Reply:
        """Other points (of a table: another split), and back to the same start weights: the next seed."""
        asked = self.setup.data
        if asked.source in ("toy", "rival"):
            seed: Any = (asked.seed + 1) % MOST_SEED if isinstance(asked.seed, int) else next_text(asked.seed)
            changed = replace(asked, seed=seed)
        else:
            changed = replace(asked, split_seed=(asked.split_seed + 1) % MOST_SEED)
        self._begin(replace(self.setup, data=changed))
        return self._reply("weights", "curves", "setup", "data", "network", "view")

    def load(self, source: Source, changes: Mapping[str, Any] | None = None) -> Reply:
        """The user's own data in place of those there are."""
        before, self.source, self._reseeded = self.source, source, False
        try:
            plain = replace(self.setup.data, target=None, columns=None, task=None)
            setup = for_source(replace(self.setup, data=plain), source)
            setup = replace(setup, view=type(setup.view)(), run=replace(setup.run, compat=False))
            told: list[Note] = []
            if source.model is not None:
                setup, more = opened_setup(setup, source.model)
                told = [*invented_rows(source), *more]
            setup, notes = setup.changed(nested(changes or {}))
            self._begin(setup, opening=True)
        except (ValueError, TypeError):
            self.source = before
            raise
        self.notes = [*told, *notes, *self.notes]
        return self._reply("weights", "curves", "setup", "data", "network", "view")

    # -- changing

    def change(self, changes: Mapping[str, Any]) -> Reply:
        """Change fields of the setup, by their paths; as much of the run is kept as can be."""
        asked, notes = self.setup.changed(nested(changes))
        if asked.data != self.setup.data or asked.run.compat != self.setup.run.compat:
            told = self._other_data(asked)
        elif _begins_anew(asked, self.setup):
            self._begin(asked, keep=self.data if asked.data.source != "rival" else None)
            told = ["weights", "curves", "setup", "network"]
        elif (
            asked.network != self.setup.network
            or asked.training != self.setup.training
            or _engine(asked) != _engine(self.setup)
        ):
            told = self._live(asked)
        else:
            self.notes = []
            self.run.wish(asked)
            told = ["setup", "view"]
            assert self.plane is not None or self.data.dimension == 1
        self.notes = [*notes, *self.notes]
        return self._reply(*told)

    def _other_data(self, asked: Setup) -> list[str]:
        before = self.data.dimension
        data, notes = make_data(asked, self.source)
        if data.dimension != before:
            plain = plain_features(min(data.dimension, 3))
            asked = replace(asked, network=replace(asked.network, features=plain or asked.network.features))
        self._begin(asked, data if data.start is None else None, notes)
        return ["weights", "curves", "setup", "data", "network", "view"]

    def _live(self, asked: Setup) -> list[str]:
        """Another network or another way to train it, with the weights that fit."""
        setup, notes = agreed(asked, self.data)
        built = build(setup, self.data)
        theta = None
        if _shape(built) != _shape(self.built):
            theta = grown(self.built, self.run.learner.theta, built, start_theta(setup, built))
        self.run.change(setup, built, theta)
        self.notes = notes
        if theta is not None:
            self.version += 1
        return ["setup", "network", "curves", *(["weights"] if theta is not None else [])]

    def edit(self, kind: str, layer: int, unit: int, value: float, source: int | None = None) -> Reply:
        """Set one weight (from unit `source` of the layer before) or one bias."""
        self.notes = []
        one_of("kind", kind, ("weight", "bias"))
        theta = self.run.learner.theta
        views = self.built.network.views(theta)
        place = whole("layer", layer, 0, len(views.b) - 1)
        to = whole("unit", unit, 0, len(views.b[place]) - 1)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not np.isfinite(value):
            raise ValueError(f"value must be a finite number, got {value!r:.40}.")
        if kind == "bias":
            views.b[place][to] = value
        else:
            views.W[place][whole("source", source, 0, len(views.W[place]) - 1), to] = value
        self.run.change(self.setup, self.built, theta, (kind, place, to, source, float(value)))
        self.version += 1
        return self._reply("weights")

    def do(self, action: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Do something by name; see `chainrule.playground.actions`."""
        from chainrule.playground.actions import do

        return do(self, action, arguments)

    def freeze(self, row: int | None = None) -> Reply:
        """Pin the row that explanations are about; None lets it go."""
        self.notes = []
        self.frozen = None if row is None else whole("row", row, 0, self.data.rows - 1)
        return self._reply()


NO_STEPS = "there is no step to go back: this is the start, or the solver takes no single steps."


def _begins_anew(asked: Setup, present: Setup) -> bool:
    """Whether the start is another one."""
    return (
        asked.network.seed != present.network.seed
        or asked.network.initializer != present.network.initializer
        or asked.training.seed != present.training.seed
        or (asked.run.compat and asked.network != present.network)
    )


def _engine(setup: Setup) -> tuple[str, str]:
    return setup.run.engine, setup.run.dtype


def _shape(built: Built) -> Any:
    return built.network.widths, [layer.batch_norm for layer in built.network.layers], built.names
