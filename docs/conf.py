"""The documentation as a site: ``python -m sphinx -W -b html docs FOLDER`` (see building.md).

Nothing is fetched: neither when the site is built nor when it is read.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))  # the checkout itself is described, whatever is installed

from rlsabm import __version__  # noqa: E402

project = "rlsabm"
author = "The rlsabm developers"
copyright = author  # noqa: A001
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["_build"]

# Headings are targets of links, by the names that GitHub gives them.
myst_heading_anchors = 4
myst_links_external_new_tab = False

# Docstrings name parameters without types, which stand in the signature.
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 72
numpydoc_show_class_members = False
autosummary_generate = False
# Quotes and dashes stay as they are written: some are typed.
smartquotes = False
# A name in single backticks is code.
default_role = "code"
add_module_names = False

html_theme = "furo"
html_title = f"rlsabm {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"top_of_page_buttons": []}
# Words of the language of the code, for blocks that say none.
highlight_language = "text"

#: Files outside of this folder that are pages of the site, and the pages that show them.
SHOWN = {
    "../rlsabm/data/countries/SOURCES.md": "data_countries.md",
    "../rlsabm/data/README.md": "data_tables.md",
}


def _link_to_pages(_: Sphinx, __: str, source: list[str]) -> None:
    """Lead links to files that the site shows to their pages; on GitHub they lead to the files."""
    for file, page in SHOWN.items():
        source[0] = re.sub(rf"\]\({re.escape(file)}(?=[)#])", f"]({page}", source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register what is done to pages before they are read."""
    app.connect("source-read", _link_to_pages)
    return {"parallel_read_safe": True}
