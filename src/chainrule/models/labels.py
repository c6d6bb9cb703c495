"""The classes of a classifier in a model file: one kind of labels, or several columns of them."""

from __future__ import annotations

from typing import Any

from sklearn.preprocessing import LabelBinarizer

from chainrule.estimators.outputs import heads_of
from chainrule.estimators.targets import SEVERAL, LabelColumns, binarizer
from chainrule.models.plain import checked_dict, checked_list, labels_from_plain, labels_to_plain
from chainrule.network import Network

KINDS = ("binary", "multiclass", "multilabel-indicator")


def describe_labels(labels: LabelBinarizer | LabelColumns) -> tuple[Any, dict[str, Any]]:
    """Classes and their kind; for several columns a list of classes and a list of kinds.

    Raises
    ------
    TypeError
        Labels that plain data cannot hold.
    """
    if not isinstance(labels, LabelColumns):
        return labels_to_plain(labels.classes_), _kind(labels)
    columns = [_kind(column) for column in labels.columns]
    return [labels_to_plain(column.classes_) for column in labels.columns], {"kind": SEVERAL, "columns": columns}


def restore_labels(classes: Any, described: Any, network: Network) -> LabelBinarizer | LabelColumns:
    """The labels that `describe_labels` described, if the network has outputs for them; ValueError otherwise."""
    if not isinstance(classes, list):
        return _restore(classes, described, network, KINDS)
    fields = checked_dict(described, "labels", ("columns", "kind"))
    columns = checked_list(fields["columns"], dict, "labels.columns")
    heads = heads_of(network)
    if fields["kind"] != SEVERAL or not len(columns) == len(classes) == len(heads):
        raise ValueError(f"estimator: {len(classes)} columns of classes ({fields['kind']}) for {len(heads)} heads.")
    parts = zip(classes, columns, heads, strict=True)
    return LabelColumns([_restore(found, kind, head, KINDS[:2]) for found, kind, head in parts])


def _kind(labels: LabelBinarizer) -> dict[str, Any]:
    return {"kind": labels.y_type_, "sparse": bool(labels.sparse_input_)}


def _restore(classes: Any, described: Any, network: Network, kinds: tuple[str, ...]) -> LabelBinarizer:
    fields = checked_dict(described, "labels", ("kind", "sparse"))
    kind, sparse, found = fields["kind"], fields["sparse"], labels_from_plain(classes)
    outputs = 1 if kind == "binary" else found.size
    if kind not in kinds or type(sparse) is not bool or outputs != network.outputs:
        raise ValueError(f"estimator: {found.size} classes ({kind}) for {network.outputs} outputs.")
    return binarizer(kind, found, sparse)
