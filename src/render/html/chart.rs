//! A line chart as SVG: drawn here, so that it needs no script and prints; each point says what it is.

use maud::{Markup, html};

use super::{signed, tone};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 210.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 24.0;

/// One point in time.
pub struct Point {
    /// For the axis.
    pub label: String,
    /// For the table and whoever points at it.
    pub about: String,
    /// Bytes of payload, if known.
    pub payload: Option<u64>,
    /// Bytes as `size` counts.
    pub size: Option<u64>,
    /// The gate said that it is too much.
    pub over: bool,
    /// From here on numbers are not those of before: another compiler.
    pub broken: bool,
}

/// A chart with its heading and the same numbers as a table.
pub fn chart(title: &str, points: &[Point]) -> Markup {
    let deltas = |pick: fn(&Point) -> Option<u64>| -> Vec<Option<i64>> {
        let first = points.iter().find_map(pick);
        let delta = |point: &Point| Some(crate::model::verdict::delta(first?, pick(point)?));
        points.iter().map(delta).collect()
    };
    let (payload, size) = (deltas(|point| point.payload), deltas(|point| point.size));
    let all = payload.iter().chain(&size).flatten().copied();
    let ticks = ticks(all.clone().min().unwrap_or(0).min(0), all.max().unwrap_or(0).max(0));
    let (low, high) = (ticks[0] as f64, ticks[ticks.len() - 1] as f64);
    let x = |at: usize| {
        let steps = points.len().saturating_sub(1).max(1) as f64;
        let middle = if points.len() == 1 { 0.5 } else { at as f64 / steps };
        LEFT + 8.0 + (WIDTH - LEFT - RIGHT - 16.0) * middle
    };
    let y =
        |value: i64| TOP + (HEIGHT - TOP - BOTTOM) * (high - value as f64) / (high - low).max(1.0);
    let path = |values: &[Option<i64>]| {
        let points =
            values.iter().enumerate().filter_map(|(at, value)| Some((x(at), y((*value)?))));
        points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
    };
    let every = points.len().div_ceil(7).max(1);
    let last = |values: &[Option<i64>]| values.iter().rev().find_map(|value| *value);
    html! {
        article.card.chart {
            header {
                h2 { (title) }
                p {
                    @if let Some(bytes) = last(&payload) {
                        "payload " span class=(tone(bytes)) { (signed(bytes)) }
                    }
                    @if let Some(bytes) = last(&size) {
                        " size " span class=(tone(bytes)) { (signed(bytes)) }
                    }
                    " since " (points.first().map_or("", |point| &point.label))
                }
            }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img"
                aria-label=(format!("{title}: change of payload and size; the table below has the numbers")) {
                @for &tick in &ticks {
                    line.axis x1=(LEFT) x2=(WIDTH - RIGHT) y1=(format!("{:.1}", y(tick))) y2=(format!("{:.1}", y(tick))) {}
                    text.label x=(LEFT - 8.0) y=(format!("{:.1}", y(tick) + 4.0)) text-anchor="end" { (signed(tick)) }
                }
                @for (at, point) in points.iter().enumerate() {
                    @if at % every == 0 {
                        text.label x=(format!("{:.1}", x(at))) y=(HEIGHT - 6.0) text-anchor="middle" { (short(&point.label)) }
                    }
                    @if point.broken {
                        line.break x1=(format!("{:.1}", x(at))) x2=(format!("{:.1}", x(at))) y1=(TOP) y2=(HEIGHT - BOTTOM) {}
                    }
                }
                polyline.line-size points=(path(&size)) {}
                polyline.line-payload points=(path(&payload)) {}
                @for (at, point) in points.iter().enumerate() {
                    @for (values, class) in [(&size, "dot dot-size"), (&payload, if point.over { "dot dot-over" } else { "dot dot-payload" })] {
                        @if let Some(value) = values[at] {
                            @let what = if std::ptr::eq(values, &raw const size) { "size" } else { "payload" };
                            circle class=(class) cx=(format!("{:.1}", x(at))) cy=(format!("{:.1}", y(value)))
                                r=(if what == "size" { 2.5 } else { 4.0 })
                                data-say=(format!("{}: {what} {}, {}", point.label, signed(value), point.about)) {}
                        }
                    }
                }
            }
            p.reading aria-hidden="true" {}
            details {
                summary { "The numbers" }
                div.x tabindex="0" role="region" aria-label=(format!("Numbers of {title}")) {
                    table.sortable {
                        caption.sr { "Numbers of " (title) }
                        thead {
                            tr {
                                th scope="col" { "Run" }
                                th.num scope="col" { "Payload" }
                                th.num scope="col" { "Since the first" }
                                th.num scope="col" { "Size" }
                                th.num scope="col" { "Since the first" }
                                th scope="col" { "About" }
                            }
                        }
                        tbody {
                            @for (at, point) in points.iter().enumerate() {
                                tr {
                                    th scope="row" { (point.label) }
                                    (number(point.payload)) (change(payload[at])) (number(point.size)) (change(size[at]))
                                    td.dim { (point.about) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn number(bytes: Option<u64>) -> Markup {
    html! { td.num data-v=[bytes] { (super::bytes(bytes)) } }
}

fn change(bytes: Option<i64>) -> Markup {
    html! {
        td.num data-v=[bytes] {
            @if let Some(bytes) = bytes { span class=(tone(bytes)) { (signed(bytes)) } } @else { "\u{2013}" }
        }
    }
}

fn short(label: &str) -> String {
    if label.chars().count() <= 12 {
        label.to_owned()
    } else {
        label.chars().take(11).chain(['…']).collect()
    }
}

/// Round numbers from at most `low` to at least `high`, three to six of them.
fn ticks(low: i64, high: i64) -> Vec<i64> {
    let range = (high as f64 - low as f64).max(4.0);
    let power = 10f64.powf((range / 4.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * power).into_iter();
    let step = step.filter(|step| range / step <= 5.0).fold(f64::INFINITY, f64::min).max(1.0);
    let (first, last) = ((low as f64 / step).floor() as i64, (high as f64 / step).ceil() as i64);
    let last = last.max(first + 1);
    (first..=last).map(|at| (at as f64 * step) as i64).collect()
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(0, 34_410), [0, 10_000, 20_000, 30_000, 40_000]);
        assert_eq!(ticks(-5, 12), [-5, 0, 5, 10, 15]);
        assert_eq!(ticks(0, 0), [0, 1]);
        for (low, high) in [(i64::MIN, i64::MAX), (-1, 0), (0, 7), (-99_999, 1), (0, i64::MAX)] {
            let made = ticks(low, high);
            assert!((2..=8).contains(&made.len()), "{low} {high}: {made:?}");
            assert!(made[0] <= low && *made.last().unwrap() >= high, "{low} {high}: {made:?}");
        }
    }
}
