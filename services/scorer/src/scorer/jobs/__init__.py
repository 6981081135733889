"""The life of a batch job and its chunks."""
