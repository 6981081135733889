"""The scorer's fixtures, for this folder alone."""

from scorer_rig import rig, scorer_stack, worker

__all__ = ["rig", "scorer_stack", "worker"]
