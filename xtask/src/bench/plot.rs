//! Curves as a picture: SVG, written by hand. Both axes have lines at round numbers; the one to the right is
//! logarithmic, since what is varied grows by factors.

use std::fmt::Write as _;

/// One diagram.
#[derive(Debug)]
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) x: &'static str,
    pub(crate) y: &'static str,
    pub(crate) series: Vec<Series>,
    /// A value that is to be kept, if there is one.
    pub(crate) goal: Option<f64>,
}

/// One line of a diagram.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) name: String,
    /// With x above zero.
    pub(crate) points: Vec<(f64, f64)>,
}

/// The size of a panel, and what is left free around its diagram.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 48.0;
/// Above the panels.
const HEADING: f64 = 36.0;
const COLOURS: &[&str] = &["#1f5fa8", "#c2571a", "#3a7d44", "#7a3e9d"];

/// Panels side by side under a title.
pub(crate) fn svg(title: &str, panels: &[Panel]) -> String {
    let (width, height) = (WIDTH * panels.len().max(1) as f64, HEADING + HEIGHT);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} \
         {height}\" font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" \
         fill=\"white\"/>\n"
    );
    text(&mut svg, (16.0, 22.0), "start", title);
    for (number, panel) in panels.iter().enumerate() {
        let left = WIDTH * number as f64;
        let _ = writeln!(svg, "<g transform=\"translate({left},{HEADING})\">");
        panel.draw(&mut svg);
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

impl Panel {
    fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.series.iter().flat_map(|series| series.points.iter().copied())
    }

    fn draw(&self, svg: &mut String) {
        let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        let least =
            self.points().map(|(x, _)| x).fold(f64::INFINITY, f64::min).max(f64::MIN_POSITIVE);
        let most = self.points().map(|(x, _)| x).fold(least, f64::max);
        let step = step(self.points().map(|(_, y)| y).chain(self.goal).fold(0.0, f64::max));
        let top = self.points().map(|(_, y)| y).chain(self.goal).fold(step, f64::max);
        let top = (top / step).ceil() * step;
        let across = |x: f64| {
            let part = if most > least { (x / least).ln() / (most / least).ln() } else { 0.5 };
            LEFT + part * (right - LEFT)
        };
        let up = |y: f64| bottom - y / top * (bottom - TOP);
        text(svg, (LEFT, 16.0), "start", &self.title);
        text(svg, (LEFT, TOP - 10.0), "start", self.y);
        text(svg, (f64::midpoint(LEFT, right), HEIGHT - 10.0), "middle", self.x);
        for line in 0..=(top / step).round() as u32 {
            let value = f64::from(line) * step;
            rule(svg, (LEFT, up(value)), (right, up(value)), "#dddddd");
            text(svg, (LEFT - 6.0, up(value) + 4.0), "end", &short(value));
        }
        let mut marks: Vec<f64> = self.points().map(|(x, _)| x).collect();
        marks.sort_by(f64::total_cmp);
        marks.dedup();
        for mark in marks {
            rule(svg, (across(mark), bottom), (across(mark), bottom + 4.0), "#555555");
            text(svg, (across(mark), bottom + 18.0), "middle", &short(mark));
        }
        if let Some(goal) = self.goal {
            rule(svg, (LEFT, up(goal)), (right, up(goal)), "#b00020");
            text(svg, (right, up(goal) - 4.0), "end", &format!("goal: {}", short(goal)));
        }
        for ((number, series), colour) in self.series.iter().enumerate().zip(COLOURS.iter().cycle())
        {
            let places: Vec<(f64, f64)> =
                series.points.iter().map(|(x, y)| (across(*x), up(*y))).collect();
            let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                path.join(" ")
            );
            for (x, y) in places {
                let _ = writeln!(
                    svg,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
                );
            }
            let x = LEFT + 130.0 * number as f64;
            let _ = writeln!(
                svg,
                "<rect x=\"{x}\" y=\"26\" width=\"10\" height=\"10\" fill=\"{colour}\"/>"
            );
            text(svg, (x + 14.0, 35.0), "start", &series.name);
        }
    }
}

/// The distance of lines: 1, 2 or 5 times a power of ten, so that there are four to ten of them.
fn step(most: f64) -> f64 {
    let power = 10_f64.powf(most.max(1.0).log10().floor());
    let steps = [0.2, 0.5, 1.0].map(|part| part * power);
    steps.into_iter().find(|step| most / step <= 10.0).unwrap_or(power)
}

/// A number with `k` for thousands.
fn short(value: f64) -> String {
    if value >= 10_000.0 { format!("{}k", (value / 1000.0).round()) } else { format!("{value}") }
}

fn rule(svg: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64), colour: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"/>"
    );
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_drawn_inside() {
        let line = |name: &str, points| Series { name: name.to_owned(), points };
        let panel = Panel {
            title: "A & B < C".to_owned(),
            x: "x",
            y: "y",
            series: vec![
                line("a", vec![(1.0, 0.0), (10.0, 250_000.0), (1000.0, 90_000.0)]),
                line("b", vec![(2.0, 7.0)]),
            ],
            goal: Some(300_000.0),
        };
        let svg = svg("title", &[panel]);
        assert_eq!(svg.matches("<circle").count(), 4);
        assert!(svg.contains("A &amp; B &lt; C") && svg.contains("goal: 300k"));
        for (name, most) in [("cx=\"", WIDTH), ("cy=\"", HEIGHT)] {
            for part in svg.split(name).skip(1) {
                let place: f64 = part.split('"').next().unwrap().parse().unwrap();
                assert!(place > 0.0 && place < most, "{name}{place}");
            }
        }
    }

    #[test]
    fn lines_are_at_round_numbers() {
        let steps = [3.0, 10.0, 95.0, 300.0, 616.0, 200_000.0].map(step);
        assert_eq!(steps, [0.5, 2.0, 10.0, 50.0, 100.0, 20_000.0]);
        assert_eq!([short(0.5), short(200.0), short(20_000.0)], ["0.5", "200", "20k"]);
    }
}
