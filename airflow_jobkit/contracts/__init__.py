"""What travels between the operator and the job: run key, Envelope, Result and the record of the version.

The job's side of the same contracts is `jobkit_runtime`; golden files in `tests/contracts` bind the two.
"""
