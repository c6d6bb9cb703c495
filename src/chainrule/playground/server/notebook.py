"""The playground in a notebook's output."""

from __future__ import annotations

import html
import sys

from chainrule.playground.server.launch import Server


def in_notebook() -> bool:
    """Whether output is shown as HTML, by a kernel of IPython."""
    # Asked of what is there already: IPython is not imported for it.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and getattr(shell, "kernel", None) is not None


class Shown(Server):
    """A server whose value is the page, in a frame."""

    def _repr_html_(self) -> str:
        if not self.running:
            return "<p>The playground was stopped.</p>"
        address, other = html.escape(self.invitation()), html.escape(self.invitation())
        # A page of another name for this machine would not be given its cookie: the frame takes the notebook's.
        script = (
            "const frame = document.currentScript.previousElementSibling, own = frame.dataset.src;"
            "frame.src = location.hostname === 'localhost' ? own.replace('127.0.0.1', 'localhost') : own;"
        )
        return (
            f'<iframe data-src="{address}" title="chainrule playground" width="100%" height="800"></iframe>'
            f"<script>{script}</script>"
            f'<p><a href="{other}" target="_blank" rel="noopener">Open the playground in a page of its own</a></p>'
        )
