"""Our check digits agree with those of python-stdnum, on valid numbers and on ones with a fault."""

from __future__ import annotations

import importlib
import random
from dataclasses import dataclass

import pytest

from aidefence.domain.enums import Direction, Origin
from aidefence.service.rule_check import RuleSet, RuleText
from aidefence.service.rule_engine import compile_rules

pytest.importorskip("stdnum", reason="python-stdnum is an oracle of the tests only")

DRAWS = 1_500
FAULTY = 4
_VALID_MIN = 8


@dataclass(frozen=True)
class Known:
    """A check that the oracle has as well."""

    check: str
    oracle: str
    form: str
    """`#` a digit, `@` a capital letter, anything else itself."""


KNOWN = (
    Known("au_abn", "au.abn", "###########"),
    Known("au_tfn", "au.tfn", "#########"),
    Known("br_cnpj", "br.cnpj", "##############"),
    Known("br_cpf", "br.cpf", "###########"),
    Known("ca_sin", "ca.sin", "#########"),
    Known("ch_ahv", "ch.ssn", "756##########"),
    Known("co_nit", "co.nit", "##########"),
    Known("es_dni", "es.dni", "########@"),
    Known("es_nie", "es.nie", "X#######@"),
    Known("fr_siren", "fr.siren", "#########"),
    Known("fr_siret", "fr.siret", "##############"),
    Known("gb_nhs", "gb.nhs", "##########"),
    Known("gr_afm", "gr.vat", "#########"),
    Known("hr_oib", "hr.oib", "###########"),
    Known("il_id", "il.idnr", "#########"),
    Known("imei", "imei", "###############"),
    Known("in_aadhaar", "in_.aadhaar", "############"),
    Known("it_vat", "it.iva", "###########"),
    Known("jp_my_number", "jp.in_", "############"),
    Known("luhn", "luhn", "################"),
    Known("nl_bsn", "nl.bsn", "#########"),
    Known("nz_ird", "nz.ird", "12#######"),
    Known("pe_ruc", "pe.ruc", "20#########"),
    Known("pl_nip", "pl.nip", "##########"),
    Known("pl_regon", "pl.regon", "#########"),
    Known("pt_nif", "pt.nif", "2########"),
    Known("ru_inn", "ru.inn", "##########"),
    Known("th_id", "th.pin", "#############"),
    Known("tr_kimlik", "tr.tckimlik", "###########"),
    Known("us_aba", "us.rtn", "07#######"),
    Known("za_id", "za.idnr", "800#1#50000##"),
    Known("at_svnr", "at.vnr", "####010180"),
    Known("bg_egn", "bg.egn", "800#1#####"),
    Known("cn_resident", "cn.ric", "1101011980011#####"),
    Known("cz_rc", "cz.rc", "800#1#####"),
    Known("ec_cedula", "ec.ci", "1712######"),
    Known("fr_nir", "fr.nir", "18001751#######"),
    Known("gr_amka", "gr.amka", "1#0180#####"),
    Known("pl_pesel", "pl.pesel", "800#1######"),
    Known("ro_cnp", "ro.cnp", "1800#1#40####"),
    Known("ua_rnokpp", "ua.rntrc", "##########"),
    Known("jmbg", "si.emso", "1#0#98050####"),
)


def _draw(form: str, dice: random.Random) -> str:
    signs = {"#": "0123456789", "@": "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    return "".join(dice.choice(signs[sign]) if sign in signs else sign for sign in form)


def _asked(check: str) -> RuleSet:
    """Return a rule that finds whatever the check accepts behind a word."""
    rule = f"""\
id: test-check
title: A value that a check accepts
severity: low
confidence: 0.9
languages: [any]
entity: test_value
patterns:
  word: {{ words: [number] }}
  value: {{ regex: '(?-u)[0-9A-Za-z]+', value: true, exact: true, check: {check} }}
conditions:
  - {{ all: [word, value], within: 8 }}
catch: [number 1]
spare: [nothing]
"""
    return compile_rules([RuleText("pii/test-check.yml", rule)])


def _faulty(number: str, dice: random.Random) -> str:
    """Return a number with one digit changed, or two neighbours swapped."""
    places = [at for at, sign in enumerate(number) if sign.isdigit()]
    at = dice.choice(places)
    if dice.randrange(2) or at + 1 >= len(number):
        other = dice.choice([digit for digit in "0123456789" if digit != number[at]])
        return number[:at] + other + number[at + 1 :]
    return number[:at] + number[at + 1] + number[at] + number[at + 2 :]


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.check)
def test_check_digits_agree(known: Known) -> None:
    oracle = importlib.import_module(f"stdnum.{known.oracle}")
    dice = random.Random(known.check)
    numbers = [_draw(known.form, dice) for _ in range(DRAWS)]
    valid = [number for number in numbers if oracle.is_valid(number)]
    numbers += [_faulty(number, dice) for number in valid for _ in range(FAULTY)]
    rules = _asked(known.check)
    wrong = []
    accepted = 0
    for number in numbers:
        ours = bool(rules.fired(f"number {number}", Origin.USER, Direction.INPUT))
        accepted += ours
        if ours != oracle.is_valid(number):
            wrong.append((number, "ours" if ours else "theirs"))
    assert accepted >= _VALID_MIN
    assert wrong == []
