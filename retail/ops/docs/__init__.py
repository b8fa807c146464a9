"""The architecture page's tables and pictures, made from the emitted templates: ``make docs``.

``facts`` are read from the templates; ``svg`` draws, ``wires`` lays out rows of arrows; ``stacks``, ``network`` and
``flow`` are a picture each; ``tables`` and ``page`` make the text.
"""
