"""Training data: prepared from Olist's nine files, read back by `prepared`, which is what training takes it from."""
