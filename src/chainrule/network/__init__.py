"""The network as pure data, and the layout of the flat vector theta."""

from chainrule.network.layers import Dense
from chainrule.network.layout import Views
from chainrule.network.network import Network

__all__ = ["Dense", "Network", "Views"]
