"""`trainer inspect`: from a file to the draft of a shop file, and what is odd in it."""
