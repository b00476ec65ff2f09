"""A document as one HTML file that needs nothing beside it."""

import base64
from functools import cache
from hashlib import sha256
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from afirgen.render.code import qr_svg
from afirgen.render.form import Form


def html_of(form: Form) -> str:
    """Return a document as HTML."""
    # The style and the QR picture are the program's own; everything else is escaped by the template.
    return _template().render(form=form, style=Markup(_style()), qr=Markup(qr_svg(form.code)))  # noqa: S704


def style_policy() -> str:
    """Return the source that a content security policy has to allow for the file's own style."""
    return f"'sha256-{base64.b64encode(sha256(_style().encode()).digest()).decode()}'"


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("afirgen.render", "data"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("form1.html")


@cache
def _style() -> str:
    return (resources.files("afirgen.render") / "data" / "form1.css").read_text(encoding="utf-8").strip()
