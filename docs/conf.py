"""The site of the documentation: ``make docs`` builds it into build/docs from these pages and the docstrings."""

import leadline

project = "Leadline"
author = copyright = "The Leadline developers"
version = release = leadline.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
# gallery/ is made from examples/
exclude_patterns = ["gallery/**/*.ipynb", "gallery/**/*.py", "gallery/**/*.json", "gallery/**/*.zip"]
# pages also link to files of the repository, which the site does not have
suppress_warnings = ["myst.xref_missing", "config.cache"]
default_role = "code"
myst_heading_anchors = 3
nitpicky = False

autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = True
numpydoc_show_inherited_class_members = False
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "copyfile_regex": r".*\.csv\.gz",
    "download_all_examples": False,
    "show_memory": False,
    "plot_gallery": True,
    "abort_on_example_error": True,
}

html_theme = "furo"
html_title = "Leadline"
