"""From whatever a shop has to one table of orders, for `trainer inspect`: sources, how they are read, what is odd.

Training does not read these yet: see `trainer.data.prepared`.
"""
