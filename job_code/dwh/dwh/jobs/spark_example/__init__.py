"""The smallest job that uses Spark; it needs no input."""
