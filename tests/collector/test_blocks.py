"""Blocks of a segment: never a wrong one, whatever happens to the bytes."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from collector.blocks import Block, Damage, scan, to_block

PAYLOADS = [b"", b"TLJ1", b"payload \x00\xff", b"TLJ1" * 5 + b"inside", b"last"]
BLOCKS = [to_block(number, payload) for number, payload in enumerate(PAYLOADS, 1)]
DATA = b"".join(BLOCKS)
ENDS = list(accumulate(map(len, BLOCKS)))
HELD = list(enumerate(PAYLOADS, 1))


def blocks_in(data: bytes) -> list[tuple[int, bytes]]:
    return [(found.sequence, found.payload) for found in scan(data) if isinstance(found, Block)]


def damages_in(data: bytes) -> list[Damage]:
    return [found for found in scan(data) if isinstance(found, Damage)]


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_what_is_framed_is_read_again(payloads):
    held = list(enumerate(payloads, 1))
    assert blocks_in(b"".join(to_block(number, payload) for number, payload in held)) == held


def test_every_truncation_costs_only_the_block_that_is_cut():
    for length in range(len(DATA)):
        whole = sum(end <= length for end in ENDS)
        assert blocks_in(DATA[:length]) == HELD[:whole]
        torn = damages_in(DATA[:length])
        assert [(damage.end, damage.torn) for damage in torn] == (
            [] if length in {0, *ENDS} else [(length, True)]
        )


def test_every_flipped_bit_costs_only_its_block():
    for position in range(len(DATA)):
        struck = sum(end <= position for end in ENDS)
        for bit in range(8):
            spoilt = bytearray(DATA)
            spoilt[position] ^= 1 << bit
            left = [held for index, held in enumerate(HELD) if index != struck]
            assert blocks_in(bytes(spoilt)) == left, (position, bit)
            [damage] = damages_in(bytes(spoilt))
            assert (damage.start, damage.end) == (ENDS[struck] - len(BLOCKS[struck]), ENDS[struck])
            assert damage.torn == (struck == len(BLOCKS) - 1)


@given(st.binary(max_size=300))
def test_bytes_of_another_origin_are_damage(data):
    spans = [(found.start, found.end) if isinstance(found, Damage) else None for found in scan(data)]
    assert spans == ([(0, len(data))] if data else [])


@given(st.integers(0, len(BLOCKS)), st.binary(min_size=1, max_size=60))
def test_foreign_bytes_between_blocks_cost_no_block(place, foreign):
    spoilt = b"".join([*BLOCKS[:place], foreign, *BLOCKS[place:]])
    assert blocks_in(spoilt) == HELD
