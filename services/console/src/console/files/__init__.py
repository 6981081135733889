"""Files in the object store: what visitors drop, the first rows of results, data sets as one download."""
