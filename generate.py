"""The table of contents: builds the seven stacks in the order of their deployment, and writes them to ``out/``."""
from templates import networking, security, ingress, application, data, events, analytics
from retail.config import Config
c = Config()
s1, n = networking.build(c)
s2, s = security.build(c, n)
s3, i = ingress.build(c, n, s)
s4, a = application.build(c, n, s, i)
s5, d = data.build(c, n, s)
s6, e = events.build(c, n, s, d)
s7 = analytics.build(c, n, s, i, a, d, e)
import pathlib
for st in (s1, s2, s3, s4, s5, s6, s7):
    pathlib.Path('out', st.file_name).write_text(st.render())
