"""Schedules: rates equal to scikit-learn's and to PyTorch's, warm-up for all, courses that go on or begin anew."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from chainrule import MLPClassifier
from chainrule.estimators.parameters import schedule_of
from chainrule.formulas.schedules import (
    SCHEDULES,
    Adaptive,
    Clock,
    Constant,
    Cosine,
    Exponential,
    InvScaling,
    OneCycle,
    Step,
    get_schedule,
)

PEAK, EPOCHS, STEPS = 0.1, 12, 7
NUMBERS = [(name, field.name) for name, kind in SCHEDULES.items() for field in fields(kind)]

# Ours -> PyTorch's class, its arguments, and whether it is stepped per batch; None: constant, as nothing is scheduled.
TORCHS = {
    "step": (Step(4, 0.5), "StepLR", {"step_size": 4, "gamma": 0.5}, False),
    "step, one": (Step(1, 0.9), "StepLR", {"step_size": 1, "gamma": 0.9}, False),
    "exponential": (Exponential(0.8), "ExponentialLR", {"gamma": 0.8}, False),
    "cosine": (Cosine(), "CosineAnnealingLR", {"T_max": EPOCHS * STEPS}, True),
    "cosine, floor": (Cosine(0.01), "CosineAnnealingLR", {"T_max": EPOCHS * STEPS, "eta_min": 0.01}, True),
    "one_cycle": (OneCycle(), "OneCycleLR", {"max_lr": PEAK, "total_steps": EPOCHS * STEPS}, True),
    "one_cycle, late": (
        OneCycle(0.61, 10.0, 100.0),
        "OneCycleLR",
        {"max_lr": PEAK, "total_steps": EPOCHS * STEPS, "pct_start": 0.61, "div_factor": 10, "final_div_factor": 100},
        True,
    ),
    "warm-up": (
        Constant(warmup=2.0),
        "LinearLR",
        {"start_factor": 1 / (2 * STEPS), "total_iters": 2 * STEPS - 1},
        True,
    ),
}


def clock(**more):
    given = {"initial": PEAK, "current": PEAK, "epoch": 0, "epochs": EPOCHS, "steps": STEPS, "samples": 0}
    return Clock(**{**given, **more})


def rates_of(schedule, epochs=EPOCHS, steps=STEPS):
    clocks = [clock(epoch=epoch, epochs=epochs, steps=steps, samples=40 * epoch) for epoch in range(epochs)]
    return np.concatenate([schedule.rates(at) for at in clocks])


@pytest.mark.parametrize("case", TORCHS)
@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step")
def test_rates_are_pytorchs(case):
    torch = pytest.importorskip("torch")
    schedule, name, options, per_batch = TORCHS[case]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=PEAK, momentum=0.9)
    theirs, expected = getattr(torch.optim.lr_scheduler, name)(optimizer, **options), []
    for step in range(1, EPOCHS * STEPS + 1):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if (per_batch or step % STEPS == 0) and step < EPOCHS * STEPS:
            theirs.step()
    np.testing.assert_allclose(rates_of(schedule), expected, rtol=1e-10)


def test_every_schedule_is_compared():
    compared = {schedule.name for schedule, _, _, _ in TORCHS.values()}
    assert compared | {"invscaling", "adaptive"} == set(SCHEDULES)


@pytest.mark.parametrize("samples", [0, 40, 80, 4000])
def test_invscaling_is_scikit_learns(samples):
    theirs = SGDOptimizer([np.zeros(1)], 0.1, "invscaling", power_t=0.3)
    if samples:
        theirs.iteration_ends(samples)
    rates = InvScaling(0.3).rates(clock(samples=samples))
    np.testing.assert_allclose(rates, [theirs.learning_rate] * STEPS, rtol=1e-15)


def test_adaptive_is_scikit_learns():
    theirs = SGDOptimizer([np.zeros(1)], 0.1, "adaptive")
    rate = 0.1
    while (slower := Adaptive().after_plateau(rate)) is not None:
        assert not theirs.trigger_stopping("", False)
        assert slower == theirs.learning_rate
        rate = slower
    assert theirs.trigger_stopping("", False)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_gives_one_positive_rate_per_step(name):
    for steps in (1, STEPS):
        for epochs in (1, EPOCHS):
            rates = rates_of(get_schedule(name), epochs, steps)
            assert rates.shape == (epochs * steps,) and rates.dtype == np.float64
            assert np.isfinite(rates).all() and (rates > 0).all() and (rates <= PEAK * (1 + 1e-15)).all()


@pytest.mark.parametrize("warmup", [0.5, 1.0, 2.5, 30.0])
@pytest.mark.parametrize("name", SCHEDULES)
def test_warm_up_is_a_linear_factor_of_every_schedule(name, warmup):
    plain, warmed = rates_of(SCHEDULES[name]()), rates_of(SCHEDULES[name](warmup=warmup))
    rise = np.arange(1, EPOCHS * STEPS + 1) / (warmup * STEPS)
    np.testing.assert_allclose(warmed / plain, np.minimum(rise, 1), rtol=1e-12)


@pytest.mark.parametrize("kind", [Cosine, OneCycle])
def test_a_later_fit_runs_a_course_of_its_own(kind):
    first = rates_of(kind())
    later = [kind().rates(clock(epoch=epoch, epochs=2 * EPOCHS, first=EPOCHS)) for epoch in range(EPOCHS, 2 * EPOCHS)]
    np.testing.assert_array_equal(np.concatenate(later), first)


@pytest.mark.parametrize("kind", [Cosine, OneCycle])
def test_a_course_of_given_length_goes_on_over_single_epochs(kind):
    """As with `partial_fit`, one epoch a call; after the course the rate stays where it ended."""
    whole, course = rates_of(kind()), kind(epochs=EPOCHS)
    single = [course.rates(clock(epoch=epoch, epochs=epoch + 1, first=epoch)) for epoch in range(EPOCHS + 2)]
    np.testing.assert_array_equal(np.concatenate(single[:EPOCHS]), whole)
    np.testing.assert_allclose(single[-1], course.rates(clock(epoch=5 * EPOCHS)), rtol=1e-12)
    assert (single[-1] <= whole[-1]).all()


@pytest.mark.parametrize("share", [0.0, 1 / (EPOCHS * STEPS), 0.99])
def test_one_cycle_reaches_its_peak_and_its_end(share):
    rates = rates_of(OneCycle(pct_start=share))
    assert rates.max() > 0.99 * PEAK
    np.testing.assert_allclose(rates[-1], PEAK / 25 / 1e4, rtol=1e-9)


@pytest.mark.parametrize(("schedule", "field"), NUMBERS)
@pytest.mark.parametrize("value", [-1, np.nan, np.inf, "much", True])
def test_impossible_fields_are_refused_by_name(schedule, field, value):
    with pytest.raises(ValueError, match=rf"{SCHEDULES[schedule].__name__}: {field} must be a (whole )?number.*; got"):
        SCHEDULES[schedule](**{field: value})


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_name_means_the_schedules_own_defaults(name):
    assert schedule_of(MLPClassifier(solver="sgd", learning_rate=name)) == SCHEDULES[name]()


def test_names_and_objects():
    assert get_schedule("constant") == Constant() and get_schedule(Step(3)) == Step(3)
    assert get_schedule("cosine") == Cosine()
    with pytest.raises(ValueError, match=r"unknown schedule 'cosin'.*Did you mean 'cosine'"):
        get_schedule("cosin")
