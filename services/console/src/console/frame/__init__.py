"""What every page shares: its frame, panels, tables, words for numbers and moments."""
