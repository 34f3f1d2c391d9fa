//! docs/scale.svg: writes for each call against calls a second.

use plotters::{
    drawing::DrawingAreaErrorKind,
    prelude::{
        ChartBuilder, Circle, DashedLineSeries, IntoDrawingArea, IntoLogRange, LineSeries,
        PathElement, RGBColor, SVGBackend, SeriesLabelPosition, WHITE,
    },
    style::Color,
};

use super::{page::thousands, rivals::WRITES_A_SECOND};

/// A picture that could not be drawn.
pub(super) type Undrawn = DrawingAreaErrorKind<std::io::Error>;

const SIZE: (u32, u32) = (800, 480);
/// Told apart by those who do not see all colours (Okabe and Ito), and dark enough on white.
const COLOURS: [RGBColor; 4] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(170, 68, 153),
];
const GREY: RGBColor = RGBColor(110, 110, 110);

/// For one number of instances: calls a second, and writes for each call.
pub(super) type Line = (u32, Vec<(f64, f64)>);

/// Draws it.
pub(super) fn plot(lines: &[Line]) -> Result<String, Undrawn> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        // A ground of its own: it is read on pages of any colour.
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(60)
            .build_cartesian_2d(
                (1.0..10_000.0_f64).log_scale(),
                (0.0005..2.0_f64).log_scale(),
            )?;
        chart
            .configure_mesh()
            .x_desc("calls a second on one key")
            .y_desc("writes to DynamoDB for each call")
            .x_label_formatter(&|calls| thousands(*calls as u64))
            .y_label_formatter(&|writes| format!("{writes}"))
            .label_style(("sans-serif", 14))
            .light_line_style(RGBColor(240, 240, 240))
            .bold_line_style(RGBColor(215, 215, 215))
            .draw()?;
        for ((instances, points), colour) in lines.iter().zip(COLOURS) {
            let points = points.iter().copied();
            chart
                .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?
                .label(name(*instances))
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2))
                });
            chart.draw_series(points.map(|point| Circle::new(point, 3, colour.filled())))?;
        }
        let limit = [600.0, 10_000.0].map(|calls| (calls, WRITES_A_SECOND as f64 / calls));
        chart
            .draw_series(DashedLineSeries::new(limit, 6, 4, GREY.stroke_width(2)))?
            .label("what one item takes")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 20, y)], GREY.stroke_width(2)));
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerLeft)
            .background_style(WHITE)
            .border_style(RGBColor(215, 215, 215))
            .label_font(("sans-serif", 14))
            .draw()?;
        area.present()?;
    }
    svg.push('\n');
    Ok(svg)
}

fn name(instances: u32) -> String {
    match instances {
        1 => "1 instance".to_owned(),
        instances => format!("{} instances", thousands(u64::from(instances))),
    }
}
