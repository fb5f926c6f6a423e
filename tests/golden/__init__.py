"""Pages whose reading is written down: a change in any of them is looked at by a person before it is kept."""
