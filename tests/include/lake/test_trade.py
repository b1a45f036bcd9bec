"""Decimal texts: exact or refused, never rounded."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import InvalidRecord
from include.lake.trade import PRICE_DIGITS, QTY_DIGITS, decimal_text
from tests.include.lake.made import decimals


@given(decimals(PRICE_DIGITS))
def test_a_canonical_text_passes_unchanged(text):
    assert decimal_text("price", text, PRICE_DIGITS) == text


@given(st.integers(0, 10**QTY_DIGITS - 1), st.integers(0, 3), st.integers(0, 4))
def test_any_writing_of_a_number_gives_the_same_text(units, zeros_before, zeros_behind):
    canonical = f"{units // 10**8}.{units % 10**8:08d}"
    written = "0" * zeros_before + canonical.rstrip("0").rstrip(".")
    written += ("0" if "." in written else ".0") * zeros_behind if zeros_behind < 2 or "." in written else ""
    assert decimal_text("qty", written, QTY_DIGITS) == canonical
    assert Decimal(written) == Decimal(canonical)


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("9999999999.99999999", PRICE_DIGITS),
        ("99999999999.99999999", QTY_DIGITS),
        ("0.00000001", PRICE_DIGITS),
        ("0.00000000", PRICE_DIGITS),
    ],
)
def test_the_edges_fit(text, digits):
    assert decimal_text("value", text, digits) == text


@pytest.mark.parametrize("text", ["10000000000.00000000", "1.000000001", "0.000000009", "99999999999"])
def test_what_does_not_fit_is_refused_with_the_value(text):
    with pytest.raises(InvalidRecord, match=rf"price='{text}' exceeds decimal\(18,8\)"):
        decimal_text("price", text, PRICE_DIGITS)


@pytest.mark.parametrize(
    "text", ["", "-1.00000000", "+1", "1e3", "NaN", "1,5", " 1", "1 ", "١.٠", "1.2.3", ".5", "1\n"]
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(InvalidRecord, match="is not a decimal number"):
        decimal_text("price", text, PRICE_DIGITS)
