"""Presidio with a blank language model: its patterns, checks and context words."""

from __future__ import annotations

import tempfile

import spacy
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from serve import Find, Finding, serve
from spacy.language import Language
from spacy.tokens import Doc
from tldextract import TLDExtract, tldextract


@Language.component("words_as_lemmas")
def _words_as_lemmas(doc: Doc) -> Doc:
    # Words of context are compared as lemmas, which a blank model does not know.
    for token in doc:
        token.lemma_ = token.lower_
    return doc


def _ready() -> Find:
    # The list of domains that ships with it, without asking the network for a newer one.
    offline = TLDExtract(cache_dir=tempfile.mkdtemp(), suffix_list_urls=())
    tldextract.TLD_EXTRACTOR = offline
    blank = spacy.blank("en")
    blank.add_pipe("words_as_lemmas")
    language = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    language.nlp = {"en": blank}
    analyzer = AnalyzerEngine(nlp_engine=language, supported_languages=["en"])

    def find(text: str) -> list[Finding]:
        found = analyzer.analyze(text, language="en")
        return [(one.entity_type, one.start, one.end, one.score) for one in found]

    return find


if __name__ == "__main__":
    serve("presidio-analyzer", _ready)
