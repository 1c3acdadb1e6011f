"""Asks the stand-in in this process, by the botocore that the aws program carries: the same wire, without 0.6 s for each call."""
import functools
import importlib
import warnings

from aws.model_files import AWS, botocore_data


def botocore_module(name):
    """awscli.botocore.NAME of Debian's package and of `aws` 2, else botocore.NAME."""
    home = botocore_data(AWS).parent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of what botocore imports
        return importlib.import_module(f"{'awscli.botocore' if home.parent.name == 'awscli' else 'botocore'}.{name}")


@functools.cache
def session():
    """One for all: it keeps the models, which take half a second to read."""
    return botocore_module("session").get_session()


def client_of(endpoint, service, region="us-east-1", check=True, key="KEYDEFAULT"):
    """check False: what does not fit the model is sent all the same."""
    # One attempt: `aws` 2's botocore counts them all, the other one those after the first.
    one = 1 if botocore_data(AWS).parent.parent.name == "awscli" else 0
    config = botocore_module("config").Config(retries={"max_attempts": one, "mode": "standard"}, parameter_validation=check)
    return session().create_client(service, region_name=region, endpoint_url=f"http://127.0.0.1:{endpoint.port}", config=config,
                                   aws_access_key_id=key, aws_secret_access_key="secret")


def refused(call, **given):
    """The code of the error that the call must end in."""
    try:
        call(**given)
    except Exception as error:  # pylint: disable=broad-except  # Debian has botocore's exceptions under two names
        if not hasattr(error, "response"):
            raise
        return error.response["Error"]["Code"]
    raise AssertionError(f"{call} {given}: not refused")
