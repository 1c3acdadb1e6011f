"""IAM tokens byte for byte against the signer of the installed botocore, the one that the AWS CLI itself uses."""
import datetime
import json
import os
import pathlib
import string
import subprocess
import sys
from unittest import mock

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MEMDB_BUILD", ROOT / "build/dev"))
EPOCH = datetime.datetime(1970, 1, 1)


@pytest.fixture(scope="module")
def botocore():
    """Of python3-botocore, or the copy that Debian's awscli carries, which is importable once awscli is."""
    try:
        import botocore.auth  # noqa: F401
    except ImportError:
        sys.path.append("/usr/lib/python3/dist-packages")
        import awscli  # noqa: F401
        import botocore.session  # noqa: F401
    import botocore
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials
    return botocore


SESSIONS = ["", "short", "IQoJb3JpZ2luX2VjE/+==", "A/b+c=" * 300, "a b&c=d%e~f"]
USERS = ["app", "memdb-check", "A", "a" * 128, "user+x", "user%41", "o'neill", "u/s=e&r", "tilde~.-_", "\u00fcser", "a b"]
REGIONS = ["eu-central-1", "us-east-1", "cn-north-1", "us-gov-west-1", "ap-southeast-4"]
TIMES = [0, 951782400, 1440938160, 1709164799, 1709164800, 1798761599, 1900000000, 4102444800]
SECRETS = ["wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "x" * 40, "+/=" * 20]
CLUSTERS = ["demo", "a", "my-cluster-01", "c" * 40]


def inputs():
    """Every value of each list at least once, with the others in turn; then each user with and without a session."""
    def one(i, user, session):
        return {"access_key": "ASIA" + string.ascii_uppercase[i % 26] * 16, "secret_key": SECRETS[i % 3], "session_token": session,
                "cluster": CLUSTERS[i % 4], "user": user, "region": REGIONS[i % 5], "at": TIMES[i % 8]}
    cases = [one(i, USERS[i % len(USERS)], SESSIONS[i % len(SESSIONS)]) for i in range(40)]
    return cases + [one(i, user, session) for i, user in enumerate(USERS, 100) for session in ("", "FwoG/+=")]


def signed_by(botocore, case):
    """What botocore's documentation has for MemoryDB and ElastiCache: a presigned request to the cluster's name."""
    from urllib.parse import urlencode, quote
    keys = botocore.credentials.Credentials(case["access_key"], case["secret_key"], case["session_token"] or None)
    query = urlencode({"Action": "connect", "User": case["user"]}, quote_via=quote)
    request = botocore.awsrequest.AWSRequest(method="GET", url=f"http://{case['cluster']}/?{query}")
    at = EPOCH + datetime.timedelta(seconds=case["at"])
    patched = []
    # Which clock it reads has changed with its versions.
    if hasattr(botocore.auth, "get_current_datetime"):
        patched.append(mock.patch.object(botocore.auth, "get_current_datetime", lambda *_, **__: at))
    clock = mock.Mock(wraps=datetime.datetime)
    clock.utcnow.return_value = at
    clock.now.return_value = at
    if hasattr(botocore.auth, "datetime"):
        module = botocore.auth.datetime
        patched.append(mock.patch.object(botocore.auth, "datetime", mock.Mock(datetime=clock) if hasattr(module, "datetime") else clock))
    for patch in patched:
        patch.start()
    try:
        botocore.auth.SigV4QueryAuth(keys, "memorydb", case["region"], expires=900).add_auth(request)
    finally:
        for patch in patched:
            patch.stop()
    return request.url.removeprefix("http://")


def test_tokens_are_those_of_botocore_byte_for_byte(botocore, record_property):
    cases = inputs()
    done = subprocess.run([BUILD / "tests/iam_tokens"], input="".join(json.dumps(case) + "\n" for case in cases), text=True,
                          capture_output=True, check=True, timeout=60)
    lines = done.stdout.splitlines()
    assert len(lines) == 2 * len(cases)
    different = [(case, ours, theirs) for case, ours in zip(cases, lines[::2]) if ours != (theirs := signed_by(botocore, case))]
    assert not different, f"{len(different)} of {len(cases)} differ, the first: {different[0]}"
    assert len(cases) >= 20 and len({json.dumps(case) for case in cases}) == len(cases)
    record_property("inputs", len(cases))
    record_property("botocore", botocore.__version__)


def test_what_botocore_signs_is_read_back(botocore):
    """The agent's reader understands whom a token is for and until when; names that no ACL user can have are refused."""
    cases = inputs()
    done = subprocess.run([BUILD / "tests/iam_tokens"], input="".join(json.dumps(case) + "\n" for case in cases), text=True,
                          capture_output=True, check=True, timeout=60)
    for case, read in zip(cases, done.stdout.splitlines()[1::2]):
        if " " in case["user"] or not case["user"].isascii():
            assert read == "refused: it is no IAM token: User is no user's name"
            continue
        at = EPOCH + datetime.timedelta(seconds=case["at"])
        times = [(at + datetime.timedelta(minutes=m)).strftime("%Y%m%dT%H%M%SZ") for m in (0, 15)]
        assert read.split(" ") == [case["cluster"], case["user"], case["region"], *times]
