"""The servers that services talk to: object store, queue, registry."""
