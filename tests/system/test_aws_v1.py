"""The other aws program, version 1, where it is installed (in Debian it is version 2): from nothing to everything and back, held against the
models that it carries itself."""
import os
import pathlib
import shutil

from aws.model_files import AWS


def version_1():
    """A program aws that has botocore beside it, not within."""
    for place in ("/usr/local/bin", *map(str, pathlib.Path("/root/.pyenv/versions").glob("*/bin"))):
        found = shutil.which("aws", path=place)
        if found and found != AWS and list(pathlib.Path(found).parent.parent.glob("lib/python3*/site-packages/awscli-1.*")):
            return found
    return None


if os.environ.get("MEMDB_SLOW") and (V1 := version_1()):
    def test_from_nothing_to_everything_and_back(admins):
        admin = admins(warm=None, program=V1)
        admin.apply()
        assert len(admin.changes()) == 8
        before = admin.endpoint.snapshot()
        admin.endpoint.clear_calls()
        admin.apply()
        assert admin.endpoint.mutating() == [] and admin.endpoint.snapshot() == before
        admin.good("crl")
        assert "0 certificates revoked" in admin.good("status")
        admin.destroy()
        assert admin.endpoint.is_as_before()
        assert "AWS does not know who you are" in admin.run("plan", env={"AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}).line
        assert "which region?" in admin.run("plan", env={"AWS_CONFIG_FILE": "/nowhere"}).line
        assert "aws configure list-profiles" in admin.run("plan", "--aws-profile", "nobody").line
        assert "no MemoryDB cluster demo in us-west-2" in admin.run("plan", "--region", "us-west-2").line
