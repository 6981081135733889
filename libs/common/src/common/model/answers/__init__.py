"""What an answer may say beside its days and their interval."""
