"""How the emulators misbehave on purpose: plans of faults, and of runs without Spark."""
