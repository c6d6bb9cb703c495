"""What a run is trained with: the library's settings, an engine, a learner of the right kind, a judge."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from chainrule.engines import Engine, choose
from chainrule.playground.settings.setup import Setup
from chainrule.playground.training.building import Built
from chainrule.playground.training.judge import Judge
from chainrule.playground.training.lbfgs import LBFGSLearner
from chainrule.playground.training.learner import Learner, has_plateaus
from chainrule.playground.training.position import Position
from chainrule.playground.training.rival import RivalLearner
from chainrule.training import Settings, default_threads

# Below this many multiplications in a step one thread is at least as fast.
SMALL_STEP = 200_000


class Equipment(NamedTuple):
    """Engine, learner and judge."""

    engine: Engine
    learner: Learner
    judge: Judge


def settings_of(setup: Setup, built: Built) -> Settings:
    """The library's settings of a training: no stopping rule, but where the schedule goes by plateaus."""
    asked = setup.training
    plateaus = has_plateaus(asked.schedule) and asked.solver.stochastic
    work = built.network.n_parameters * min(asked.batch_size, len(built.data.train))
    return Settings(
        solver=asked.solver,
        schedule=asked.schedule,
        learning_rate_init=asked.learning_rate,
        alpha=asked.alpha,
        l2=asked.l2,
        l1=0.0 if setup.run.compat else asked.l1,
        weight_decay=asked.weight_decay,
        max_norm=asked.max_norm,
        clip_norm=asked.clip_norm,
        clip_value=asked.clip_value,
        batch_size=asked.batch_size,
        shuffle=asked.shuffle,
        tol=1e-4 if plateaus else 1e-9 if not asked.solver.stochastic else 0.0,
        n_iter_no_change=10 if plateaus else inf,
        n_threads=1 if work < SMALL_STEP else default_threads(),
    )


def equipped(setup: Setup, built: Built, position: Position) -> Equipment:
    """Everything that setup and network need, standing at a position.

    Raises
    ------
    ValueError
        If the engine cannot compute it, or the settings do not go with the network.
    """
    settings = settings_of(setup, built)
    engine = choose(
        setup.run.engine, built.network, built.X.dtype, settings.solver if settings.solver.stochastic else None
    )
    given = built.network, built.rows(built.data.train), engine, settings, position
    if not settings.solver.stochastic:
        learner: Learner = LBFGSLearner(*given)
    elif setup.run.compat:
        learner = RivalLearner(*given, l1=setup.training.l1)
    else:
        learner = Learner(*given)
    return Equipment(engine, learner, Judge(built, engine, settings.n_threads))
