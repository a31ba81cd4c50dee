"""All flights that left the three airports of New York City in 2013: cleaned, then summed up by carrier."""
