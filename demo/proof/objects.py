"""Does every object that a manifest lists exist, with the bytes that the manifest names?"""

from __future__ import annotations

from demo.proof.lake import Lake
from demo.proof.section import Section


def check_objects(lake: Lake, actual: dict[str, str | None]) -> Section:
    """Compare listed with actual SHA-256.

    Args:
        lake: the lake.
        actual: SHA-256 by key, as `Lake.sha256_of_objects` returns it.
    """
    section = Section("Objects", ("listed", "absent", "damaged", "not listed"), where=lake.url(lake.prefix))
    absent = sorted(key for key, digest in actual.items() if digest is None)
    damaged = sorted(
        {listed.key for listed in lake.objects if actual[listed.key] not in (None, listed.sha256)}
    )
    stray = [key for key in lake.keys(lake.prefix) if "/batch-" in key and key not in actual]
    section.rows.append((str(len(actual)), str(len(absent)), str(len(damaged)), str(len(stray))))
    section.failures += [f"object listed by a manifest is absent: {lake.url(key)}" for key in absent]
    section.failures += [f"object's SHA-256 is not the manifest's: {lake.url(key)}" for key in damaged]
    return section
