#!/usr/bin/env python3
"""Holds each `aws ...` of the documents, and of what `latchkey doctor` advises, against the AWS CLI's own parser and models.

Each command is run inside this process against a port of this machine where nobody listens. So the name of the command, its
options, the shapes of their values and its query are looked at as in a real call, and what is left to fail is the
connection: anything else is a fault of the document. A command that is only named has its name looked at. Variables of the
shell, and what a document leaves to its reader, have a sample in their place. `aws_commands` starts it.
"""

import argparse
import contextlib
import io
import os
import pathlib
import re
import socket
import sys

import awscli.clidriver

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md", "SECURITY.md", "docs/*.md", "docs/problems/*.md"]
ADVICE = ["cli/src/doctor/checks/*.rs"]
# Fewer are there only if they are no longer found.
LEAST = 60

# For a text, a number, a time and an ARN.
SAMPLE = "2024010203040506070809101112131415161718"
PATCH = "op=replace,path=/name,value=sample"
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.S | re.M)
INLINE = re.compile(r"`([^`]+)`")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.S)
START = re.compile(r"(?<![\w./-])aws (?=[a-z])")
VARIABLE = re.compile(r"\$(?:\{[^}]*\}|\w+|[@*#?])")
# What stands for a value in a command, and is too short for one.
LEFT_TO_THE_READER = {"ARN"}
# Version 2 has them alone, and is no package of PyPI.
ONLY_IN_VERSION_2 = {("configure", "export-credentials"), ("logs", "tail")}

# What must be found wrong, each by what is said of it.
WRONG = {
    "aws dynamodb create-back-up --table-name x": "Invalid choice",
    "aws dynamodb create-backup --table-name x --backup-name xyz --backup x": "Unknown options",
    "aws dynamodb create-backup --table-name x --backup xyz": "required",
    "aws dynamodb update-time-to-live --table-name x --time-to-live-specification On=true,AttributeName=ttl": "validation",
    "aws apigateway get-usage-plans --query 'items[?'": "--query",
}


class Shell:
    """Reads a command of a shell: its words, until it ends."""

    def __init__(self, text, at, arrays):
        self.text, self.at, self.arrays = text, at, arrays
        self.words, self.word = [], None

    def read(self, ends="\n;|&)<>"):
        while self.at < len(self.text) and self.text[self.at] not in ends:
            self.step(self.text[self.at])
        self.end_word()
        return self.words

    def step(self, character):
        if character in " \t\n":
            self.end_word()
            self.at += 1
        elif character == "#" and self.word is None:
            self.at = len(self.text) if (end := self.text.find("\n", self.at)) < 0 else end
        elif character == "\\":
            self.add("" if self.text[self.at + 1 : self.at + 2] == "\n" else self.text[self.at + 1 : self.at + 2])
            self.at += 2
        elif character == "'":
            end = self.text.index("'", self.at + 1)
            self.add(self.text[self.at + 1 : end])
            self.at = end + 1
        elif character == '"':
            self.quoted()
        elif character == "$":
            self.substitution()
        else:
            self.add(character)
            self.at += 1

    def quoted(self):
        self.at += 1
        self.add("")
        while self.text[self.at] != '"':
            if self.text[self.at] == "\\":
                self.add(self.text[self.at + 1])
                self.at += 2
            elif self.text[self.at] == "$":
                self.substitution()
            else:
                self.add(self.text[self.at])
                self.at += 1
        self.at += 1

    def substitution(self):
        if self.text.startswith("$(", self.at):
            inner = Shell(self.text, self.at + 2, self.arrays)
            inner.read(ends=")")
            self.at = inner.at + 1
            self.add(SAMPLE)
            return
        variable = VARIABLE.match(self.text, self.at)
        if not variable:
            self.add("$")
            self.at += 1
            return
        self.at = variable.end()
        name = variable[0].strip("${}")
        if name.endswith("[@]"):
            self.words += self.arrays[name.removesuffix("[@]")]
            self.word = None
        else:
            self.add(PATCH if name == "@" else SAMPLE)

    def add(self, text):
        if text or self.word is not None or self.text[self.at] in "\"'":
            self.word = (self.word or "") + text

    def end_word(self):
        if self.word is not None:
            self.words.append(SAMPLE if self.word in LEFT_TO_THE_READER else self.word)
        self.word = None


def commands_of(code):
    """The commands in a piece of shell, those inside of others as well."""
    arrays = {}
    for array in re.finditer(r"^(\w+)=\(", code, re.M):
        arrays[array[1]] = Shell(code, array.end(), arrays).read(ends=")")
    return [Shell(code, start.end(), arrays).read() for start in START.finditer(code)]


def of_document(text):
    """A document's commands: of its blocks, and of what is written as code in a line."""
    for block in FENCED.findall(text):
        yield from commands_of(block)
    for code in INLINE.findall(FENCED.sub("", text)):
        yield from commands_of(code.replace("\n", " "))


def of_advice(text):
    """The commands in strings of a program. In words around them they end with a comma or a semicolon."""
    for string in STRING.findall(text.split("#[cfg(test)]")[0]):
        string = re.sub(r"--\{\w*\}", "--no-", string.replace('\\"', '"'))
        string = re.sub(r"<[^>]*>|\{[^}]*\}", SAMPLE, string)
        for start in START.finditer(string):
            yield Shell(re.split(r"[,;] |[,;]$", string[start.end() :])[0], 0, {}).read(ends="\n")


def problem_of(driver, words, endpoint):
    """What is wrong with a command, or None."""
    if tuple(words[:2]) in ONLY_IN_VERSION_2:
        return None
    if len(words) < 3 or not words[2].startswith("-") and words[1] != "wait":
        # It is only named: no option follows.
        return said_of(driver, [*words[:2], "--generate-cli-skeleton"], fails=False)
    said = said_of(driver, [*words, "--endpoint-url", endpoint], fails=True)
    return None if "Could not connect to the endpoint URL" in said and endpoint in said else said


def said_of(driver, words, fails):
    """What the CLI says; None where a command succeeds that is not to fail."""
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        try:
            status = driver.main(words)
        except SystemExit as ended:
            status = ended.code
    if status == 0 and not fails:
        return None
    return said.getvalue().strip() or f"it ended with status {status}"


def found():
    """Each command, and where it was found first."""
    commands = {}
    for patterns, read in [(DOCUMENTS, of_document), (ADVICE, of_advice)]:
        for path in sorted(path for pattern in patterns for path in ROOT.glob(pattern)):
            for words in read(path.read_text(encoding="utf-8")):
                commands.setdefault(tuple(words), path.relative_to(ROOT))
    return commands


def leave_real_accounts_alone():
    # AWS_DATA_PATH is the CLI's own: its models.
    for name in [name for name in os.environ if name.startswith("AWS_") and name != "AWS_DATA_PATH"]:
        del os.environ[name]
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def main():
    leave_real_accounts_alone()
    # Version 2 takes no option by its first letters.
    argparse.ArgumentParser._get_option_tuples = lambda *_: []
    driver = awscli.clidriver.create_clidriver()
    commands = found()
    # Bound and not listened to: nobody else answers there.
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        failures = []
        for text, expected in WRONG.items():
            [words] = commands_of(text)
            said = problem_of(driver, words, endpoint)
            if expected not in (said or ""):
                failures.append(f"not found wrong: {text}: {said}")
        for words, path in commands.items():
            said = problem_of(driver, list(words), endpoint)
            if said is not None:
                failures.append(f"{path}: aws {' '.join(words)}\n  {said}")
    if len(commands) < LEAST:
        failures.append(f"only {len(commands)} commands were found, of {LEAST} at least")
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{len(commands)} commands of the AWS CLI in the documents and in advice, {len(failures)} not as it takes them")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
