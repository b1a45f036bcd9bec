"""The journal: what was appended is read, once, whatever the disk or a crash did."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from collector.blocks import to_block
from collector.journal import Journal, JournalError, Mark, Position
from collector.records import ClockTick, ClosedKline, Record, SessionEnd, SessionStart
from collector.segments import SegmentHeader, segment_numbers, segment_path
from include.lake.trade import Trade
from tests.include.lake.made import kline, minute_us, trade, trades

RECORDS: list[list[Record]] = [
    [SessionStart()],
    [trade(1, 10), trade(2, 11)],
    [ClosedKline(kline(0, 1, 2)), trade(3, 61), trade(4, 62)],
    [trade(5, 119), ClockTick(minute_us(2)), trade(6, 121)],
    [SessionEnd()],
]


@contextmanager
def journal(directory: Path, symbol: str = "BTCUSDT") -> Iterator[Journal]:
    held = Journal(directory, symbol)
    try:
        yield held
    finally:
        held.close()


def all_records(held: Journal) -> list[Record]:
    return [record for entry in held.read(Position(held.released.segment)) for record in entry.records]


def flat(groups: Sequence[Sequence[Record]]) -> list[Record]:
    return [record for group in groups for record in group]


def written(directory: Path, groups: Sequence[Sequence[Record]] = RECORDS) -> None:
    with journal(directory) as held:
        for group in groups:
            held.append(group)


def test_what_was_appended_is_read_in_order(tmp_path):
    with journal(tmp_path / "j") as held:
        for index, group in enumerate(RECORDS):
            held.append(group)
            assert all_records_again(held) == flat(RECORDS[: index + 1])


def all_records_again(held: Journal) -> list[Record]:
    """A journal yields each block once: what another process would read."""
    copy = held._directory.with_name("copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(held._directory, copy)
    with journal(copy) as other:
        return all_records(other)


def test_a_reader_goes_on_where_it_stopped(tmp_path):
    with journal(tmp_path) as held:
        position, read = Position(held.released.segment), []
        for group in RECORDS:
            held.append(group)
            for entry in held.read(position):
                read += entry.records
                position = entry.end
        assert read == flat(RECORDS)


def test_the_next_session_reads_it_and_goes_on_behind_it(tmp_path):
    written(tmp_path)
    with journal(tmp_path) as held:
        assert held.last_id == 6
        held.append([trade(7, 122)])
        assert all_records(held) == [*flat(RECORDS), trade(7, 122)]
        assert held.quarantined == 0


def test_a_segment_begins_with_each_minute(tmp_path):
    written(tmp_path)
    with journal(tmp_path) as held:
        first = {entry.segment: entry.records[0] for entry in reversed(list(held.read(Position(1))))}
    assert list(first.values())[::-1] == [SessionStart(), trade(1, 10), trade(3, 61), trade(6, 121)]


def test_released_segments_are_gone_and_the_rest_is_read(tmp_path):
    with journal(tmp_path) as held:
        for group in RECORDS:
            held.append(group)
        segments = segment_numbers(tmp_path)
        for segment in segments[1:]:
            held.release(segment)
            assert segment_numbers(tmp_path) == [number for number in segments if number >= segment]
        assert held.released.last_id == 5
    with journal(tmp_path) as held:
        assert (held.released.last_id, held.last_id) == (5, 6)
        assert all_records(held) == [trade(6, 121), SessionEnd()]


@pytest.mark.parametrize("steps", range(len(RECORDS) + 1))
def test_an_empty_journal_remembers_the_last_id_and_the_sequence(tmp_path, steps):
    with journal(tmp_path) as held:
        for group in RECORDS[:steps]:
            held.append(group)
        list(held.read(Position(1)))
        held.release_all()
        assert segment_numbers(tmp_path) == []
        assert held.bytes_held == 0
    with journal(tmp_path) as held:
        assert held.last_id == {0: None, 1: None, 2: 2, 3: 4}.get(steps, 6)
        assert all_records(held) == []
        held.append([trade(100, 200)])
        assert all_records(held) == [trade(100, 200)]


def test_it_can_be_closed_and_opened_at_every_step(tmp_path):
    for index, group in enumerate(RECORDS):
        with journal(tmp_path) as held:
            held.append(group)
        with journal(tmp_path) as held:
            assert all_records(held) == flat(RECORDS[: index + 1])


def test_size_is_that_of_the_segments(tmp_path):
    written(tmp_path)
    with journal(tmp_path) as held:
        assert held.bytes_held == sum(path.stat().st_size for path in tmp_path.glob("*.journal")) > 0


def test_its_size_can_be_asked_while_segments_go(tmp_path):
    """The event loop asks ten times a second; the uploader's thread deletes."""
    with journal(tmp_path) as held, ThreadPoolExecutor(1) as uploader:

        def work() -> None:
            for number in range(1, 301):
                held.append([trade(number, 60 * number)])
                list(held.read(Position(held.released.segment)))
                held.release(number)

        done = uploader.submit(work)
        while not done.done():
            assert held.bytes_held >= 0
        done.result()


# --- damage -----------------------------------------------------------------------------------------------


def one_segment(directory: Path) -> tuple[Path, list[bytes], list[list[Trade]]]:
    """A journal of one segment: its file, its blocks (the header first), and what each holds."""
    directory.mkdir()
    groups = [trades(index * 2, index * 2 + 1, index) for index in range(1, 5)]
    header = SegmentHeader(1, "BTCUSDT", 0, None)
    blocks = [to_block(0, msgspec.msgpack.encode(header))]
    blocks += [to_block(number, msgspec.msgpack.encode(group)) for number, group in enumerate(groups, 1)]
    path = segment_path(directory, 1)
    path.write_bytes(b"".join(blocks))
    return path, blocks, groups


def recovered(directory: Path) -> tuple[list[Record], int | None, int]:
    with journal(directory) as held:
        return all_records(held), held.last_id, held.quarantined


def test_the_segment_of_these_tests_is_one_that_the_journal_writes(tmp_path):
    path, blocks, groups = one_segment(tmp_path / "made")
    written(tmp_path / "written", groups)
    assert segment_path(tmp_path / "written", 1).read_bytes() == b"".join(blocks)
    assert recovered(path.parent) == (flat(groups), 9, 0)


def test_every_truncation_leaves_all_whole_blocks(tmp_path):
    path, blocks, groups = one_segment(tmp_path / "j")
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        whole = sum(len(b"".join(blocks[: index + 2])) <= length for index in range(len(groups)))
        expected = flat(groups[:whole])
        torn = length not in {0, *(len(b"".join(blocks[:index])) for index in range(len(blocks)))}
        shutil.rmtree(path.parent / "quarantine", ignore_errors=True)
        assert recovered(path.parent) == (expected, expected[-1].trade_id if expected else None, int(torn)), (
            length
        )


def test_every_flipped_byte_costs_its_block_at_most(tmp_path):
    path, blocks, groups = one_segment(tmp_path / "j")
    data = path.read_bytes()
    for position in range(len(data)):
        spoilt = bytearray(data)
        spoilt[position] ^= 0xFF
        path.write_bytes(spoilt)
        struck = sum(position >= len(b"".join(blocks[: index + 1])) for index in range(len(blocks))) - 1
        shutil.rmtree(path.parent / "quarantine", ignore_errors=True)
        read, _, quarantined = recovered(path.parent)
        assert read == flat(group for index, group in enumerate(groups) if index != struck), position
        assert quarantined == 1


def test_damaged_bytes_are_kept_in_quarantine_and_counted_once(tmp_path):
    path, blocks, _ = one_segment(tmp_path / "j")
    spoilt = bytearray(path.read_bytes())
    spoilt[len(blocks[0]) + len(blocks[1]) + 30] ^= 1
    path.write_bytes(spoilt + b"TLJ1torn")
    with journal(path.parent) as held:
        for _ in range(3):
            list(held.read(Position(1)))
        assert held.quarantined == 2
    kept = {file.name: file.read_bytes() for file in (path.parent / "quarantine").iterdir()}
    start = len(blocks[0]) + len(blocks[1])
    assert kept == {
        f"000000000001-{start}-damaged.bin": bytes(spoilt[start : start + len(blocks[2])]),
        f"000000000001-{len(spoilt)}-torn.bin": b"TLJ1torn",
    }


def test_after_a_torn_tail_the_journal_goes_on_in_a_new_segment(tmp_path):
    path, _, groups = one_segment(tmp_path / "j")
    path.write_bytes(path.read_bytes()[:-1])
    with journal(path.parent) as held:
        held.append([trade(9, 4.001), trade(10, 5)])
    assert recovered(path.parent)[:2] == ([*flat(groups[:-1]), trade(9, 4.001), trade(10, 5)], 10)


def test_a_segment_without_its_header_releases_nothing(tmp_path):
    """What stood before it is not known; the next segment knows it again."""
    written(tmp_path)
    segment = segment_numbers(tmp_path)[2]
    path = segment_path(tmp_path, segment)
    path.write_bytes(b"\x00" + path.read_bytes()[1:])
    with journal(tmp_path) as held:
        list(held.read(Position(1)))
        held.release(segment)
        assert segment_numbers(tmp_path)[0] == 1
        held.release(segment + 1)
        assert segment_numbers(tmp_path) == [segment + 1]
        assert held.released.last_id == 5


def test_foreign_files_are_left_alone(tmp_path):
    written(tmp_path)
    for name in ("notes.txt", "x.journal", "000000000001.journal.bak"):
        (tmp_path / name).write_text("foreign")
    assert recovered(tmp_path)[0] == flat(RECORDS)
    assert (tmp_path / "x.journal").read_text() == "foreign"


# --- a disk that fails ------------------------------------------------------------------------------------


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, name: str, at: int, *, landed: bool = True) -> Iterator[None]:
    """Let the n-th call of an ``os`` function fail, with what it was to do done, half done or not done."""
    real, calls = getattr(os, name), 0

    def call(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == at:
            if landed:
                real(*arguments) if name == "fsync" else real(arguments[0], bytes(arguments[1])[:7])
            raise OSError(errno.EIO, "Input/output error")
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(os, name, call)
        yield


def append_stubbornly(held: Journal, groups: Sequence[Sequence[Record]]) -> int:
    """Append as the pipeline does: what came meanwhile goes with the next call."""
    failures = 0
    for group in groups:
        try:
            held.append(group)
        except OSError:
            failures += 1
    while failures:
        try:
            held.append([])
            break
        except OSError:
            continue
    return failures


@pytest.mark.parametrize("landed", [True, False])
@pytest.mark.parametrize("name", ["fsync", "write"])
@pytest.mark.parametrize("at", range(1, 15))
def test_a_write_that_failed_once_loses_and_doubles_nothing(tmp_path, monkeypatch, name, at, landed):
    groups = [trades(index * 3, index * 3 + 2, 25 * index, 0.5) for index in range(6)]
    with failing(monkeypatch, name, at, landed=landed), journal(tmp_path / "j") as held:
        append_stubbornly(held, groups)
        assert all_records(held) == flat(groups)
    with journal(tmp_path / "j") as held:
        assert all_records(held) == flat(groups)
        assert held.last_id == 17


def test_a_reader_that_follows_reads_all_once_although_the_disk_fails(tmp_path, monkeypatch):
    groups = [trades(index * 3, index * 3 + 2, 25 * index, 0.5) for index in range(6)]
    for at in range(1, 15):
        with failing(monkeypatch, "fsync", at), journal(tmp_path / str(at)) as held:
            position, read = Position(1), []
            for group in [*groups, []]:
                append_stubbornly(held, [group])
                for entry in held.read(position):
                    read += entry.records
                    position = entry.end
            assert read == flat(groups), at


def test_a_full_disk_leaves_no_descriptor_and_no_file_behind(tmp_path, monkeypatch):
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with journal(tmp_path) as held:
        before = set(os.listdir("/proc/self/fd"))
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            for number in range(1, 20):
                with pytest.raises(OSError, match="No space left"):
                    held.append([trade(number)])
        assert set(os.listdir("/proc/self/fd")) == before
        assert segment_numbers(tmp_path) == []
        held.append([trade(20)])
        assert all_records(held) == trades(1, 20, step=0)


# --- a folder that cannot be used -------------------------------------------------------------------------


def refused(directory: Path, symbol: str = "BTCUSDT") -> str:
    with pytest.raises(JournalError) as error:
        Journal(directory, symbol)
    text = str(error.value)
    assert "\n" not in text
    return text


def test_another_symbols_folder_is_refused(tmp_path):
    written(tmp_path)
    assert "holds BTCUSDT, not ETHUSDT" in refused(tmp_path, "ETHUSDT")
    assert recovered(tmp_path)[0] == flat(RECORDS)


def test_a_newer_version_is_refused_and_kept(tmp_path):
    header = SegmentHeader(2, "BTCUSDT", 0, None)
    path = segment_path(tmp_path, 1)
    path.write_bytes(to_block(0, msgspec.msgpack.encode(header)) + b"of the future")
    assert "was written by a newer version (2)" in refused(tmp_path)
    assert path.read_bytes().endswith(b"of the future")


def test_a_damaged_mark_is_refused(tmp_path):
    written(tmp_path)
    (tmp_path / "released").write_text('{"segment":')
    assert "released is damaged: move it away" in refused(tmp_path)
    (tmp_path / "released").unlink()
    assert recovered(tmp_path)[0] == flat(RECORDS)


def test_a_second_process_is_refused(tmp_path):
    program = (
        "import sys; from pathlib import Path; from collector.journal import Journal;"
        "journal = Journal(Path(sys.argv[1]), 'BTCUSDT'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert "is in use by another collector" in refused(tmp_path)
        other.communicate("")
    assert recovered(tmp_path) == ([], None, 0)


def test_a_mark_that_was_half_replaced_is_the_old_one(tmp_path):
    written(tmp_path)
    (tmp_path / "released.new").write_text("torn")
    assert recovered(tmp_path)[0] == flat(RECORDS)


def test_a_crash_between_mark_and_deletion_deletes_at_the_next_start(tmp_path):
    written(tmp_path)
    segments = segment_numbers(tmp_path)
    (tmp_path / "released").write_bytes(msgspec.json.encode(Mark(segments[-1], 5, 5)))
    with journal(tmp_path) as held:
        assert segment_numbers(tmp_path) == segments[-1:]
        assert held.last_id == 6


def test_an_empty_segment_of_a_crash_is_passed_over(tmp_path):
    written(tmp_path)
    segment_path(tmp_path, segment_numbers(tmp_path)[-1] + 1).touch()
    assert recovered(tmp_path)[:2] == (flat(RECORDS), 6)
