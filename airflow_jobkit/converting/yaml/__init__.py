"""YAML files of other factories, changed in place: only what must be, with their layout and comments."""
