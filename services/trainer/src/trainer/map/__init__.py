"""The shop's map, drawn from its orders and its places: where codes and origins lie, regions, groups of the pace."""
