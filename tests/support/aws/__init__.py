"""Stands for AWS on the wire: the real `aws` program asks it, through a wrapper that only adds --endpoint-url.

endpoint.py is the door: AwsEndpoint in a test's own process, `python3 endpoint.py --folder DIR` as a program. scenario.py builds
the account to begin with. One file for each service says how it behaves; service_model.py holds every request and every reply
against the models that the installed botocore carries, so that neither side can make up a member.
"""
