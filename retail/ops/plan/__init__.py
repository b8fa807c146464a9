"""What a deployment would change, before it does: ``make plan``.

``read`` a template, ``compare`` it with another, class each edit by the ``schemas``, let replacements ``spread``, hold
the result against the ``guards``, and ``show`` it.
"""
