"""The scorer's fixtures, for this folder alone."""

from support.scorer.rig import alone, rig, scorer_stack, worked

__all__ = ["alone", "rig", "scorer_stack", "worked"]
