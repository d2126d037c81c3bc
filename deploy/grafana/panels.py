"""The kinds of panel that the dashboards use, each with its common looks set.

Sizes are columns of 24 and rows of 30 pixels. A panel's text is what a person reads who does not know the panel; each
query has a name that its legend, or its column, shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    DataSourceRef,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TableAutoCellOptions,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue, FieldColorModeId
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.grafana import colours

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
"""Whatever Prometheus the reader chooses."""
Query = tuple[str, str]
"""An expression, and what to call what it gives."""


P = TypeVar("P", stat.Panel, timeseries.Panel, table.Panel, bargauge.Panel, statetimeline.Panel)


def number(
    title: str, text: str, query: Query, *, limits: ThresholdsConfig, unit: str = "none", past: bool = True
) -> stat.Panel:
    """One number that is read from afar, four columns wide; `past`: with how it got there behind it."""
    panel = stat.Panel().color_mode(BigValueColorMode.VALUE).graph_mode(BigValueGraphMode.AREA).thresholds(limits)
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"])).text_mode(BigValueTextMode.VALUE)
    return _dress(panel, title, text, (4, 4), unit).with_target((_range if past else _instant)(*query))


def lines(
    title: str, text: str, *queries: Query, unit: str = "none", size: tuple[int, int] = (12, 8)
) -> timeseries.Panel:
    """How numbers went, each line with its last and greatest value in the legend."""
    panel = timeseries.Panel().fill_opacity(10).line_width(2).show_points(VisibilityMode.NEVER).axis_soft_min(0)
    panel = panel.legend(_legend(["lastNotNull", "max"])).tooltip(_tooltip())
    panel = panel.color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    return _targeted(_dress(panel, title, text, size, unit), [_range(*query) for query in queries])


def bars(
    title: str, text: str, *queries: Query, each: str, unit: str = "none", size: tuple[int, int] = (12, 8)
) -> timeseries.Panel:
    """How many there were in each span of time of at least `each`, stacked, with sums in the legend."""
    panel = lines(title, text, *queries, unit=unit, size=size).legend(_legend(["sum"])).interval(each)
    return stacked(panel).draw_style(GraphDrawStyle.BARS).fill_opacity(70).line_width(0).decimals(0)


def stacked(panel: timeseries.Panel) -> timeseries.Panel:
    """Lines that add up to a whole."""
    return panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL)).fill_opacity(40).line_width(1)


def limited(panel: timeseries.Panel, limits: ThresholdsConfig) -> timeseries.Panel:
    """Lines with the limits drawn dashed among them."""
    style = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
    return panel.thresholds(limits).thresholds_style(style)


def states(title: str, text: str, query: Query, named: Mapping[str, tuple[str, str]]) -> statetimeline.Panel:
    """Which state each had when: by value, the word for it and its colour."""
    panel = statetimeline.Panel().mappings([colours.words(dict(named))]).show_value(VisibilityMode.NEVER)
    panel = panel.legend(common.VizLegendOptions().show_legend(True).display_mode(LegendDisplayMode.LIST))
    panel = panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS)).fill_opacity(80).line_width(0)
    return _dress(panel, title, text, (12, 6), "none").with_target(_range(*query))


def gauges(
    title: str, text: str, *queries: Query, unit: str, limits: ThresholdsConfig, size: tuple[int, int] = (12, 8)
) -> bargauge.Panel:
    """What things stand at now, as bars to compare."""
    panel = bargauge.Panel().display_mode(BarGaugeDisplayMode.BASIC).orientation(VizOrientation.HORIZONTAL)
    panel = panel.min(0).thresholds(limits).reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return _targeted(_dress(panel, title, text, size, unit), [_instant(*query) for query in queries])


def rows(
    title: str, text: str, by: Sequence[Query], *columns: Query, size: tuple[int, int] = (24, 8), sort: str = ""
) -> table.Panel:
    """A table of what is now.

    Args:
        by: the labels that tell a row from another, each with its column's name; at least one.
        columns: each an expression and its column's name.
        sort: the column whose greatest come first.
    """
    panel = _dress(table.Panel().cell_options(TableAutoCellOptions()), title, text, size, "none")
    panel = _targeted(panel, [_instant(expression, name).format(PromQueryFormat.TABLE) for expression, name in columns])
    values = ["Value"] if len(columns) == 1 else [f"Value #{chr(65 + n)}" for n in range(len(columns))]
    order = [label for label, _ in by] + values
    renamed = {**dict(by), **dict(zip(values, [name for _, name in columns], strict=True))}
    organised = {
        "excludeByName": {"Time": True},
        "indexByName": {name: n for n, name in enumerate(order)},
        "renameByName": renamed,
    }
    panel = panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    panel = panel.with_transformation(DataTransformerConfig(id_val="organize", options=organised))
    return panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(True)]) if sort else panel


def coloured(panel: P, named: Mapping[str, str]) -> P:
    """Series by name in these colours."""
    for name, colour in named.items():
        fixed = {"mode": FieldColorModeId.FIXED, "fixedColor": colour}
        panel = panel.override_by_name(name, [DynamicConfigValue(id_val="color", value=fixed)])
    return panel


def dashed(panel: timeseries.Panel, names: str) -> timeseries.Panel:
    """Series whose names match are drawn dashed and thin."""
    style = [
        DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [6, 6]}),
        DynamicConfigValue(id_val="custom.lineWidth", value=1),
        DynamicConfigValue(id_val="custom.fillOpacity", value=0),
    ]
    return panel.override_by_regexp(f"/^{names}$/", style)


def column(
    panel: table.Panel,
    name: str,
    unit: str = "none",
    limits: ThresholdsConfig | None = None,
    decimals: int | None = None,
) -> table.Panel:
    """How a table's column is shown: its unit, and its cells coloured by these limits."""
    told = [DynamicConfigValue(id_val="unit", value=unit)]
    if decimals is not None:
        told.append(DynamicConfigValue(id_val="decimals", value=decimals))
    if limits is not None:
        told.append(DynamicConfigValue(id_val="thresholds", value=limits.build()))
        told += _cells()
    return panel.override_by_name(name, told)


def worded(panel: table.Panel, name: str, named: Mapping[str, str]) -> table.Panel:
    """A table's column of words, each in its colour."""
    mapped = colours.words({word: (word, colour) for word, colour in named.items()})
    return panel.override_by_name(name, [DynamicConfigValue(id_val="mappings", value=[mapped]), *_cells()])


def _cells() -> list[DynamicConfigValue]:
    return [DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-text"})]


def _dress(panel: P, title: str, text: str, size: tuple[int, int], unit: str) -> P:
    width, height = size
    return panel.title(title).description(text).datasource(SOURCE).span(width).height(height).unit(unit)


def _targeted(panel: P, queries: Sequence[prometheus.Dataquery]) -> P:
    for number_, query in enumerate(queries):
        panel = panel.with_target(query.ref_id(chr(65 + number_)))
    return panel


def _range(expression: str, name: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(expression).legend_format(name).datasource(SOURCE).range().ref_id("A")


def _instant(expression: str, name: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(expression).legend_format(name).datasource(SOURCE).instant().ref_id("A")


def _legend(numbers: list[str]) -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(True).display_mode(LegendDisplayMode.TABLE)
    return legend.placement(LegendPlacement.BOTTOM).calcs(numbers)


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
