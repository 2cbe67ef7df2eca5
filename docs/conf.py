"""Sphinx configuration."""

project = "testban"
extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
myst_enable_extensions = ["dollarmath"]
html_theme = "pydata_sphinx_theme"
exclude_patterns = ["_build"]
numpydoc_show_class_members = False
suppress_warnings = ["myst.header", "myst.xref_missing"]
