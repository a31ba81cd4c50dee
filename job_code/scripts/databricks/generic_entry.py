"""Starts any job on Databricks: everything is in the arguments, see `jobkit_runtime.entry`.

On an existing cluster the code comes by `--jobkit_wheels URL,URL`: `s3://` URLs, or absolute paths such as
`/Volumes/...`. Libraries of a cluster are shared by all that runs on it, so the wheels are unpacked for this
process alone. A Python task has a process of its own for each run: nothing of the job is imported yet, and
what stands first on sys.path goes before another version that is installed on the cluster.
"""

import atexit
import io
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path


def wheels(argv):
    """The places that --jobkit_wheels names; the last one wins."""
    places = ""
    for token, following in zip(argv, [*argv[1:], ""], strict=True):
        name, equals, value = token.partition("=")
        if name.replace("-", "_") == "__jobkit_wheels":
            places = value if equals else following
    return [place.strip() for place in places.split(",") if place.strip()]


def fetched(place):
    """The bytes of one wheel."""
    if place.startswith("/"):
        return Path(place).read_bytes()
    scheme, _, rest = place.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme not in {"s3", "s3a"} or not key:
        raise ValueError("it is neither s3://bucket/key nor an absolute path such as /Volumes/...")
    import boto3

    return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def unpack(place, folder):
    """Unpack one wheel, as an installation does, so that files beside the code are found."""
    try:
        with zipfile.ZipFile(io.BytesIO(fetched(place))) as wheel:
            wheel.extractall(folder)
    except Exception as exc:
        raise RuntimeError(f"cannot take the wheel {place} of --jobkit_wheels: {exc}") from exc


def add_to_this_process(places):
    """Put the wheels first on sys.path, in a folder that goes when this process does."""
    folder = tempfile.mkdtemp(prefix="jobkit-wheels-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for place in places:
        unpack(place, folder)
    sys.path.insert(0, folder)


if __name__ == "__main__":
    given = wheels(sys.argv[1:])
    if given:
        add_to_this_process(given)

    from jobkit_runtime.entry import main

    main("databricks")
