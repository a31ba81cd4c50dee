"""Starts any job on AWS Glue: everything is in the arguments, see `jobkit_runtime.entry`."""

from jobkit_runtime.entry import main

if __name__ == "__main__":
    main("glue")
