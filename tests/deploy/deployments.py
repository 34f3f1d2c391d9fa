#!/usr/bin/env python3
"""Keeps the names of a template's API deployments in step with what they deploy.

CloudFormation makes a new `AWS::ApiGateway::Deployment` only under a new logical id, and without a new one a
changed method or gateway response never reaches callers. So each id ends in a digest of the API's resources.
This checks the digests, and that every deployment waits for all that it shows; `--write` corrects the digests.
"""

import argparse
import hashlib
import json
import pathlib
import sys

import yaml

DIGEST_LENGTH = 10
SHOWN_BY_WAITING = ("AWS::ApiGateway::GatewayResponse", "AWS::ApiGateway::Method")
NOT_SHOWN = ("AWS::ApiGateway::Deployment", "AWS::ApiGateway::Stage")


class Template(yaml.SafeLoader):
    """Reads `!Ref x` as `{"!Ref": "x"}`, and so on."""


def read_intrinsic(loader, tag, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {"!" + tag: value}


Template.add_multi_constructor("!", read_intrinsic)


def shown(resources, api):
    """What a deployment of the API is a snapshot of, by logical id."""
    return {
        name: resource
        for name, resource in resources.items()
        if resource["Type"] not in NOT_SHOWN
        and (name == api or resource.get("Properties", {}).get("RestApiId") == {"!Ref": api})
    }


def digest(snapshot):
    text = json.dumps(snapshot, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("template", type=pathlib.Path)
    arguments.add_argument("--write", action="store_true", help="write the right digests into the template")
    options = arguments.parse_args()

    text = options.template.read_text()
    resources = yaml.load(text, Loader=Template)["Resources"]
    problems = []
    for name, resource in resources.items():
        if resource["Type"] != "AWS::ApiGateway::Deployment":
            continue
        snapshot = shown(resources, resource["Properties"]["RestApiId"]["!Ref"])
        waits_for = set(resource.get("DependsOn", []))
        missing = sorted(n for n, r in snapshot.items() if r["Type"] in SHOWN_BY_WAITING and n not in waits_for)
        if missing:
            problems.append(f"{name} does not wait for {', '.join(missing)}: add them to its DependsOn")
        right_name = name[:-DIGEST_LENGTH] + digest(snapshot)
        if name == right_name:
            continue
        if options.write:
            text = text.replace(name, right_name)
        else:
            problems.append(f"{name} must be called {right_name}: run {sys.argv[0]} --write {options.template}")
    if options.write:
        options.template.write_text(text)
    for problem in problems:
        print(f"{options.template}: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
