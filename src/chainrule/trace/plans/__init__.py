"""Which rows a header demands, in which order, from which parents: the plan of each stage. No number is looked at."""

from __future__ import annotations

from chainrule.trace.header import Header
from chainrule.trace.plans.backward import plan_backward
from chainrule.trace.plans.check import plan_check
from chainrule.trace.plans.forward import plan_forward, plan_input
from chainrule.trace.plans.loss import plan_loss
from chainrule.trace.plans.plan import Plan
from chainrule.trace.plans.update import plan_state, plan_update

__all__ = ["PLANS", "plan_of"]

PLANS = {
    "forward": plan_forward,
    "loss": plan_loss,
    "backward": plan_backward,
    "update": plan_update,
    "check": plan_check,
}


def plan_of(header: Header) -> Plan:
    """The claims that a header demands."""
    plan = Plan(header)
    plan_input(plan)
    if header.solver is not None:
        plan_state(plan)
    for stage in header.stages[1:]:
        plan.stage = stage
        PLANS[stage](plan)
    return plan
