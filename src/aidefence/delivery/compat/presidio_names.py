"""Names of kinds of private data, as Presidio has them and as we do."""

from __future__ import annotations

from collections.abc import Collection, Mapping

# Where theirs is not simply ours in capitals.
_THEIRS: Mapping[str, str] = {
    "payment_card": "CREDIT_CARD",
    "iban": "IBAN_CODE",
    "crypto_wallet": "CRYPTO",
    "gb_nhs": "UK_NHS",
    "gb_nino": "UK_NINO",
    "gb_passport": "UK_PASSPORT",
    "gb_driver_licence": "UK_DRIVING_LICENCE",
    "us_driver_licence": "US_DRIVER_LICENSE",
    "bank_account": "US_BANK_NUMBER",
    "date_of_birth": "DATE_TIME",
    "es_dni": "ES_NIF",
    "it_vat": "IT_VAT_CODE",
    "fi_hetu": "FI_PERSONAL_IDENTITY_CODE",
    "sg_nric": "SG_NRIC_FIN",
    "licence_plate": "VEHICLE_REGISTRATION",
}
_OURS: Mapping[str, str] = {theirs: ours for ours, theirs in _THEIRS.items()}


def theirs_of(ours: str) -> str:
    """Give the name that Presidio has for a kind of ours."""
    return _THEIRS.get(ours, ours.upper())


def ours_of(theirs: str, known: Collection[str]) -> str | None:
    """Give our name for a kind of Presidio's; none where we do not look for it."""
    name = _OURS.get(theirs.upper(), theirs.lower())
    return name if name in known else None
