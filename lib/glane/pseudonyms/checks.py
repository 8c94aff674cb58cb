"""Check digits of French numbers."""

from __future__ import annotations

_CORSICA = {"A": 19, "B": 18}  # departments 2A and 2B count as these numbers in the key


def nir_key(number: str) -> int:
    """The key of the first 13 characters of a NIR ("2A" and "2B" for Corsica): 97 less their remainder by 97.

    Source: INSEE, "Numéro d'inscription au répertoire".
    """
    department = number[5:7].upper()
    if department[1:] in _CORSICA:
        number = f"{number[:5]}{_CORSICA[department[1]]}{number[7:]}"
    return 97 - int(number[:13]) % 97


def iban_key(country: str, account: str) -> int:
    """The key of the IBAN of an account: 98 less the remainder by 97 of what it stands before.

    Source: ISO 13616-1; letters count from A = 10.
    """
    number = "".join(str(int(sign, 36)) for sign in f"{account}{country}00")
    return 98 - int(number) % 97


def rib_key(account: str) -> int:
    """The key of a French account of 23 letters and digits, of which the last two are not read.

    Source: Banque de France, "Relevé d'identité bancaire"; letters count from 1 to 9, and S begins with 2.
    """
    digits = account.upper().translate(str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789"))
    return 97 - (89 * int(digits[:5]) + 15 * int(digits[5:10]) + 3 * int(digits[10:21])) % 97


def luhn(digits: str) -> bool:
    """Whether the last digit is Luhn's check digit of the others, as in RPPS and FINESS numbers."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def with_luhn(digits: str) -> str:
    """The digits with the check digit behind them."""
    return next(digits + str(last) for last in range(10) if luhn(digits + str(last)))
