"""Tables as their sources hold them: named columns of text, read in pieces that fit into memory."""
