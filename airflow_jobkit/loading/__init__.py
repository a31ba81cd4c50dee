"""The loading layer: from files to Specs, with every mistake as a Problem at its line."""
