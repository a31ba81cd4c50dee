"""The operators: what all Engines share in `generic`, and one module per Engine."""
