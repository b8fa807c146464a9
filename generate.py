"""The table of contents: builds the seven stacks in the order of their deployment, and writes them to ``out/``."""
from templates import networking, security
from retail.config import Config
c = Config()
s1, n = networking.build(c)
s2, s = security.build(c, n)
import pathlib
for st in (s1, s2):
    pathlib.Path('out', st.file_name).write_text(st.render())
