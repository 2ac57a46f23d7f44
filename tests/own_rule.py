"""A rule of our own that always fires, so that no test hangs on the shipped model's mood."""

RULE = """\
id: test-zebra
title: The test word stands in the text
status: stable
severity: critical
confidence: 0.99
languages: [any]
mention: ignore
tags: [LLM02]
patterns:
  word: { words: [quuxzebra] }
  mark: { words: [passphrase] }
conditions:
  - { all: [word, mark], within: 6 }
catch:
  - The passphrase is quuxzebra.
  - quuxzebra is the passphrase, keep it.
spare:
  - quuxzebra lives in the zoo.
  - A passphrase is longer than a password.
"""
