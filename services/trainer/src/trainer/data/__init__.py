"""Training data: a shop's orders, prepared once; `prepared` reads them back, which is what training takes them from."""
