"""The digest's chart: what was avoided, day by day, stacked by kind. matplotlib is loaded when one is drawn."""

import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from guardian.digest import Digest, title
from guardian.kinds import all_kinds, default_kinds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, told apart by colour-blind eyes; the commonest kinds have the strongest. Further kinds begin
# again with a hatch.
COLOURS = (
    *("#56B4E9", "#E69F00", "#D55E00", "#F0E442"),
    *("#999999", "#0072B2", "#CC79A7", "#009E73"),
)
INK, FAINT, GRID = "#1d1c1d", "#616061", "#dddddd"  # Slack's own greys
LABELS = 10  # more dates than this do not fit side by side
LEGEND = 4  # kinds side by side
CENTS_BELOW = 10  # dollars

Days = Mapping[date, Mapping[str, Decimal]]


def draw(digest: Digest) -> bytes:
    """A PNG of 1600 x 800 pixels; the same digest gives the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), dpi=200, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    figure.suptitle(
        f"Avoided cost per day: up to ${digest.avoided.usd:,.2f}",
        x=0.012,
        ha="left",
        color=INK,
        fontsize=13,
        fontweight="bold",
    )
    _frame(axes, digest.timezone)
    kinds = sorted({kind for day in digest.days.values() for kind in day})
    if any(usd for day in digest.days.values() for usd in day.values()):
        _bars(axes, digest.days, kinds)
    else:
        _nothing(axes)
    png = io.BytesIO()
    figure.savefig(png, format="png", metadata={"Software": None})
    return png.getvalue()


def _frame(axes: "Axes", timezone: str) -> None:
    from matplotlib.ticker import FuncFormatter

    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    axes.tick_params(colors=FAINT, length=0, labelsize=9)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda usd, _: _dollars(usd)))
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"list price, days in {timezone}", color=FAINT, fontsize=8, loc="right")


def _bars(axes: "Axes", days: Days, kinds: Sequence[str]) -> None:
    places = range(len(days))
    floor = [0.0] * len(days)
    # A kind keeps its colour from one digest to the next; those that are always governed come first.
    order = sorted(all_kinds(), key=lambda kind: kind not in default_kinds())
    for kind in kinds:
        number = order.index(kind)
        heights = [float(day.get(kind, 0)) for day in days.values()]
        axes.bar(
            places,
            heights,
            bottom=floor,
            width=min(0.72, 0.12 * len(days)),
            color=COLOURS[number % len(COLOURS)],
            hatch="//" if number >= len(COLOURS) else None,
            edgecolor="white",
            linewidth=0.8,
            label=title(kind),
        )
        floor = [below + height for below, height in zip(floor, heights, strict=True)]
    _label(axes, days, floor)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 1),
        ncols=LEGEND,
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        handlelength=1,
        handleheight=1,
    )


def _label(axes: "Axes", days: Days, tops: Sequence[float]) -> None:
    step = -(-len(days) // LABELS)
    shown = list(enumerate(days))[::step]
    axes.set_xticks([place for place, _ in shown], [f"{day.day} {day:%b}" for _, day in shown])
    axes.set_xlim(-0.6, len(days) - 0.4)
    axes.margins(y=0.14)
    if len(days) > LABELS:
        return
    for place, top in enumerate(tops):
        if top:
            axes.annotate(
                _dollars(top),
                (place, top),
                xytext=(0, 4),
                textcoords="offset points",
                ha="center",
                color=INK,
                fontsize=9,
            )


def _dollars(usd: float) -> str:
    return f"${usd:,.0f}" if usd >= CENTS_BELOW or usd == int(usd) else f"${usd:,.2f}"


def _nothing(axes: "Axes") -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(
        0.5,
        0.5,
        "nothing of known price was stopped",
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=FAINT,
        fontsize=12,
    )
