"""Temporary credentials, as an internal tool has them: from a role that may manage keys, and from one that may not."""

import json

import stack

ACCOUNT = "000000000000"


def session(role, allowed_on=None):
    """Makes the role, unless it is there, and a session of it."""
    iam = stack.owner.client("iam")
    trust = statement("Allow", "sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    try:
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
    except iam.exceptions.EntityAlreadyExistsException:
        pass
    if allowed_on:
        policy = statement("Allow", "execute-api:Invoke", Resource=allowed_on)
        iam.put_role_policy(RoleName=role, PolicyName="call", PolicyDocument=policy)
    assumed = stack.owner.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", RoleSessionName="deploy-test"
    )["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": assumed["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": assumed["SecretAccessKey"],
        "AWS_SESSION_TOKEN": assumed["SessionToken"],
    }


def statement(effect, action, **rest):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, **rest}]})
