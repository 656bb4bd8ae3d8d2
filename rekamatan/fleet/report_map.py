"""The map of a district: points from coordinates, and labels that do not cover each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rekamatan.fleet.report_data import SiteReport

WIDTH, HEIGHT = 560.0, 620.0
MARGIN = 46.0
CHARACTER = 7.1  # width of a mean character at 12.5 px; measured in the browser, a little generous
LABEL_HEIGHT = 15.0
POINT = 8.0  # half the side of the box a point keeps free
KM_PER_DEGREE = 111.2
SMALLEST_SPAN = 0.08  # degrees: one site alone is not magnified without end
PASSES = 6
SCALE_STEPS_KM = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
SCALE_WIDTH = 120.0  # longest scale bar
# Offsets tried for a label, best first: (dx, dy, anchor) from the point to the label's middle line.
PLACES: tuple[tuple[float, float, str], ...] = (
    (11, 0, "start"),
    (-11, 0, "end"),
    (0, -16, "middle"),
    (0, 17, "middle"),
    (9, -12, "start"),
    (9, 13, "start"),
    (-9, -12, "end"),
    (-9, 13, "end"),
    (14, -22, "start"),
    (14, 23, "start"),
    (-14, -22, "end"),
    (-14, 23, "end"),
    (0, -30, "middle"),
    (0, 31, "middle"),
)
LEADER_FROM = 15.0  # a label further away than this gets a line to its point


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the map."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """The area both cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width * height if width > 0 and height > 0 else 0.0

    def outside(self) -> float:
        """How far it sticks out of the map."""
        return sum(
            max(0.0, over)
            for over in (-self.left, -self.top, self.right - WIDTH, self.bottom - HEIGHT)
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """One site on the map: its point, and where its label stands."""

    site: SiteReport
    x: float
    y: float
    label_x: float
    label_y: float
    anchor: str
    leader: bool
    box: Box


@dataclass(frozen=True, slots=True)
class DistrictMap:
    """All marks, and the scale."""

    marks: tuple[Mark, ...]
    scale_km: int
    scale_width: float
    width: float = WIDTH
    height: float = HEIGHT


def draw_map(sites: Sequence[SiteReport]) -> DistrictMap:
    """Project the sites and place their labels; the same sites give the same map."""
    points, kilometre = _project(sites)
    chosen = _place_labels([site.name for site in sites], points)
    marks = tuple(
        _mark(site, point, place) for site, point, place in zip(sites, points, chosen, strict=True)
    )
    scale = max(
        (km for km in SCALE_STEPS_KM if km * kilometre <= SCALE_WIDTH), default=SCALE_STEPS_KM[0]
    )
    return DistrictMap(marks, scale, scale * kilometre)


def _project(sites: Sequence[SiteReport]) -> tuple[list[tuple[float, float]], float]:
    """Equirectangular, true to scale in the district's middle; and the pixels of a kilometre."""
    latitudes = [site.latitude for site in sites]
    longitudes = [site.longitude for site in sites]
    middle = (max(latitudes) + min(latitudes)) / 2
    centre = (max(longitudes) + min(longitudes)) / 2
    shrink = math.cos(math.radians(middle))
    tall = max(max(latitudes) - min(latitudes), SMALLEST_SPAN)
    wide = max((max(longitudes) - min(longitudes)) * shrink, SMALLEST_SPAN)
    degree = min((WIDTH - 4 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / tall)
    points = [
        (
            round(WIDTH / 2 + (site.longitude - centre) * shrink * degree, 1),
            round(HEIGHT / 2 - (site.latitude - middle) * degree, 1),
        )
        for site in sites
    ]
    return points, degree / KM_PER_DEGREE


def _place_labels(names: Sequence[str], points: Sequence[tuple[float, float]]) -> list[int]:
    """For each label the index into `PLACES` that disturbs least; improved in a few passes."""
    chosen = [0] * len(names)
    boxes = [_label_box(names[i], points[i], 0) for i in range(len(names))]
    dots = [Box(x - POINT, y - POINT, x + POINT, y + POINT) for x, y in points]
    for _ in range(PASSES):
        for index, name in enumerate(names):
            others = [box for other, box in enumerate(boxes) if other != index] + dots
            candidates = [_label_box(name, points[index], place) for place in range(len(PLACES))]
            costs = [_cost(box, others, place) for place, box in enumerate(candidates)]
            chosen[index] = costs.index(min(costs))
            boxes[index] = candidates[chosen[index]]
    return chosen


def _cost(box: Box, others: Sequence[Box], place: int) -> float:
    covered = sum(box.overlap(other) for other in others)
    return covered * 10 + box.outside() * 100 + place


def _label_box(name: str, point: tuple[float, float], place: int) -> Box:
    dx, dy, anchor = PLACES[place]
    width = len(name) * CHARACTER
    shift = {"start": 0.0, "middle": width / 2, "end": width}[anchor]
    left, middle = point[0] + dx - shift, point[1] + dy
    return Box(left, middle - LABEL_HEIGHT / 2, left + width, middle + LABEL_HEIGHT / 2)


def _mark(site: SiteReport, point: tuple[float, float], place: int) -> Mark:
    dx, dy, anchor = PLACES[place]
    return Mark(
        site=site,
        x=point[0],
        y=point[1],
        label_x=round(point[0] + dx, 1),
        label_y=round(point[1] + dy, 1),
        anchor=anchor,
        leader=math.hypot(dx, dy) > LEADER_FROM and place >= PLACES.index((14, -22, "start")),
        box=_label_box(site.name, point, place),
    )
