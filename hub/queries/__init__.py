"""Published queries: who may ask, what is answered from the copy of the core's registry, and the
record of every call."""
