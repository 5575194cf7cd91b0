"""Answers: the semantic model of what is measured."""
