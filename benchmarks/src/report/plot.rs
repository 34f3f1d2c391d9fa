//! The plots: a bar a row on a logarithmic axis, since rows differ by factors of hundreds; and
//! memory over time under load.

use plotters::{
    drawing::DrawingAreaErrorKind,
    prelude::{
        ChartBuilder, Circle, EmptyElement, IntoDrawingArea, IntoLogRange, LineSeries, PathElement,
        RGBColor, Rectangle, SVGBackend, SeriesLabelPosition, Text, WHITE,
    },
    style::{Color, IntoFont, TextStyle},
};

use crate::{budgets::Measured, figures::Figures, load::Load, rows::Side, section::Section};

pub(super) type Undrawn = DrawingAreaErrorKind<std::io::Error>;

/// Told apart by those who do not see all colours (Okabe and Ito), and dark enough on white.
const FLOOR: RGBColor = RGBColor(110, 110, 110);
const LATCHKEY: RGBColor = RGBColor(0, 114, 178);
const PEER: RGBColor = RGBColor(213, 94, 0);
const OTHER: RGBColor = RGBColor(0, 120, 90);
const LIGHT: RGBColor = RGBColor(240, 240, 240);
const LINES: RGBColor = RGBColor(215, 215, 215);
const BLACK: RGBColor = RGBColor(30, 30, 30);
const WIDTH: u32 = 860;

/// What a bar is of.
type Quantity = (&'static str, fn(&Figures) -> f64);

const START: Quantity = ("start to first answer, ms", |row| row.start_to_answer / 1e3);
const CALL: Quantity = ("p50 of a call (middle round), ms", |row| {
    row.p50_middle / 1e3
});

/// Each with the name of its file.
pub(super) fn plots(sections: &[Measured]) -> Result<Vec<(&'static str, String)>, Undrawn> {
    let wanted = [
        ("performance-start.svg", Section::Loopback, START),
        ("performance-start-128.svg", Section::Memory(128), START),
        ("performance-call.svg", Section::Loopback, CALL),
    ];
    let mut plots = Vec::new();
    for (file, section, quantity) in wanted {
        if let Some(measured) = sections.iter().find(|measured| measured.section == section) {
            plots.push((file, bars(measured, quantity)?));
        }
    }
    Ok(plots)
}

/// The next power of ten at or above, or at or below.
fn decade(value: f64, round: fn(f64) -> f64) -> f64 {
    10_f64.powf(round(value.log10()))
}

fn bars(measured: &Measured, (what, of): Quantity) -> Result<String, Undrawn> {
    let rows = &measured.figures;
    let values = || rows.iter().map(of);
    let least = decade(values().fold(f64::MAX, f64::min), f64::floor);
    let most = decade(values().fold(f64::MIN, f64::max) * 2.0, f64::ceil);
    let count = rows.len() as f64;
    let mut svg = String::new();
    {
        let height = 90 + 30 * u32::try_from(rows.len()).unwrap_or(0);
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .margin_right(36)
            .x_label_area_size(44)
            .y_label_area_size(230)
            .build_cartesian_2d((least..most).log_scale(), 0.0..count)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .y_labels(0)
            .x_desc(format!("{what} ({})", measured.heading))
            .x_label_formatter(&|value| format!("{value}"))
            .label_style(("sans-serif", 14))
            .light_line_style(LIGHT)
            .bold_line_style(LINES)
            .draw()?;
        let text = TextStyle::from(("sans-serif", 14).into_font()).color(&BLACK);
        for (at, row) in rows.iter().enumerate() {
            // The first row stands at the top.
            let base = count - at as f64 - 1.0;
            let value = of(row);
            let corners = [(least, base + 0.18), (value, base + 0.82)];
            chart.draw_series([Rectangle::new(corners, colour(row.side).filled())])?;
            let told = format!("{value:.*}", decimals(value));
            let label =
                EmptyElement::at((value, base + 0.68)) + Text::new(told, (6, 0), text.clone());
            chart.draw_series([label])?;
            let name = EmptyElement::at((least, base + 0.68))
                + Text::new(name_of(row), (-225, 0), text.clone());
            chart.draw_series([name])?;
        }
        area.present()?;
    }
    svg.push('\n');
    Ok(svg)
}

fn name_of(row: &Figures) -> String {
    match row.side {
        Side::Latchkey => format!("Latchkey: {}", row.row),
        Side::Floor | Side::Peer => row.row.to_owned(),
    }
}

fn colour(side: Side) -> RGBColor {
    match side {
        Side::Floor => FLOOR,
        Side::Latchkey => LATCHKEY,
        Side::Peer => PEER,
    }
}

fn decimals(value: f64) -> usize {
    match value {
        ..0.1 => 3,
        ..1.0 => 2,
        ..100.0 => 1,
        _ => 0,
    }
}

/// Memory of each process over time.
pub(super) fn load(load: &Load) -> Result<String, Undrawn> {
    let windows = || load.runs.iter().flat_map(|run| &run.windows);
    let last = windows().map(|window| window.until).fold(1.0, f64::max);
    let memory = windows().flat_map(|window| &window.memory_kib);
    let most = memory.max().map_or(1.0, |kib| *kib as f64 / 1024.0);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, 360)).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(60)
            .build_cartesian_2d(0.0..last, 0.0..most * 1.5)?;
        chart
            .configure_mesh()
            .x_desc("seconds under load")
            .y_desc("memory of each process, MiB")
            .max_light_lines(1)
            .label_style(("sans-serif", 14))
            .light_line_style(LIGHT)
            .bold_line_style(LINES)
            .draw()?;
        let colours = [LATCHKEY, PEER, OTHER, FLOOR].into_iter().cycle();
        for (run, colour) in load.runs.iter().zip(colours) {
            let processes = run
                .windows
                .first()
                .map_or(0, |window| window.memory_kib.len());
            for process in 0..processes {
                let points = run.windows.iter().filter_map(|window| {
                    let kib = *window.memory_kib.get(process)?;
                    Some((window.until, kib as f64 / 1024.0))
                });
                let points: Vec<_> = points.collect();
                let line = LineSeries::new(points.clone(), colour.stroke_width(2));
                let drawn = chart.draw_series(line)?;
                // One line of the legend for all processes of a kind.
                if process == 0 {
                    drawn
                        .label(run.what.replace('`', ""))
                        .legend(move |(x, y)| {
                            PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2))
                        });
                }
                let dots = points
                    .into_iter()
                    .map(|at| Circle::new(at, 2, colour.filled()));
                chart.draw_series(dots)?;
            }
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE)
            .border_style(LINES)
            .label_font(("sans-serif", 14))
            .draw()?;
        area.present()?;
    }
    svg.push('\n');
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_begins_and_ends_at_powers_of_ten() {
        assert!((decade(0.03, f64::floor) - 0.01).abs() < 1e-12);
        assert!((decade(130.0, f64::ceil) - 1000.0).abs() < 1e-9);
        assert_eq!([0.01, 0.5, 5.0, 500.0].map(decimals), [3, 2, 1, 0]);
    }
}
