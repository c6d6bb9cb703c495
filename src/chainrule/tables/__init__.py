"""Tables in, predictions out: CSV and Parquet, column types, missing values, and a network on top."""

try:
    import polars  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("Tables need polars: pip install 'chainrule[tables]'", name=error.name) from error

from chainrule.tables.evaluation import Evaluation
from chainrule.tables.model import Plan, TableModel
from chainrule.tables.reading import read_table
from chainrule.tables.schema import TableSchema
from chainrule.tables.table import Table

__all__ = ["Evaluation", "Plan", "Table", "TableModel", "TableSchema", "read_table"]
