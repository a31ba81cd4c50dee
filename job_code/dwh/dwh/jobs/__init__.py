"""The jobs of the data warehouse."""
