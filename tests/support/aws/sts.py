"""STS: who am I."""


def get_caller_identity(region, given):
    del given
    return {"UserId": "AIDAEXAMPLEEXAMPLE123", "Account": region.account, "Arn": region.world.user_arn}


ACTIONS = {"GetCallerIdentity": get_caller_identity}
