"""A run on a table as a model of tables: with the rows it was trained on, how, and how well it does on the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.playground.session import Session
    from chainrule.tables import TableModel

REASON = "set in the playground"
SETTINGS = ("hidden_layer_sizes", "activation", "solver", "learning_rate", "learning_rate_init", "batch_size", "alpha")


def table_model(session: Session, estimator: Any) -> TableModel:
    """A fitted estimator with the table's schema, a summary of the run, and its score on the test rows."""
    from chainrule.tables import TableModel  # here: tables are an extra

    data = session.data
    assert session.source is not None and data.origin is not None
    test_rows = data.origin[data.test]
    model = TableModel(data.schema, estimator, _summary(session, estimator), test_rows)
    if test_rows.size:
        model.evaluation = model.evaluate(session.source.table.take(test_rows))
        model.summary["test"] = model.evaluation.to_dict()
    return model


def _summary(session: Session, estimator: Any) -> dict[str, Any]:
    """As `chainrule train` writes it; the curves are in the playground's log."""
    from chainrule.tables.summary import plain_setting

    data, run = session.data, session.run
    assert session.source is not None
    chosen = {name: plain_setting(getattr(estimator, name)) for name in SETTINGS}
    notes = [f"trained in the playground: {data.scaling}."]
    if run.events:
        notes.append("something was changed while it was trained; the settings are the last ones.")
    return {
        "table": data.name,
        "rows": len(session.source.table),
        "sizes": {"train": len(data.train), "validation": 0, "test": len(data.test)},
        "split": data.split,
        "seed": session.setup.data.split_seed,
        "epochs": run.learner.epochs,
        "engine": run.engine.name,
        "seconds": run.seconds,
        "settings": [{"name": name, "value": value, "reason": REASON} for name, value in chosen.items()],
        "penalties_tried": [],
        "loss_curve": [],
        "validation_loss_curve": [],
        "validation_scores": [],
        "notes": notes,
    }
