//! Tables for people.

use comfy_table::{
    Attribute, Cell as Shown, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table,
    Width, presets::NOTHING,
};

use super::{Cell, Column, Detail, Screen};

/// Blanks between columns.
const GAP: (u16, u16) = (0, 2);
/// Columns of the screen that words have at least.
const WORDS: u16 = 12;

/// Rows under their titles.
pub(super) fn rows(screen: Screen, columns: &[Column], rows: Vec<Vec<Cell>>) -> String {
    let mut table = empty();
    table.set_header(columns.iter().map(|column| title(column.title)));
    table.add_rows(rows.iter().map(|row| row.iter().map(shown)));
    if let Some(width) = screen.width.or_else(|| table.width()) {
        let has_words = |at| {
            rows.iter()
                .any(|row| row.get(at).is_some_and(Cell::is_words))
        };
        let are_words: Vec<bool> = (0..columns.len()).map(has_words).collect();
        fit(&mut table, &are_words, width);
    }
    finished(table, screen)
}

/// Words are broken into lines; dates, numbers and ids are not. Columns for which there is no
/// room then are left out, from the last: they are in CSV and JSON.
fn fit(table: &mut Table, are_words: &[bool], width: u16) {
    let widths = table.column_max_content_widths();
    let mut used = 0;
    for (at, (column, are_words)) in table.column_iter_mut().zip(are_words).enumerate() {
        let content = widths.get(at).copied().unwrap_or_default();
        let is_broken = *are_words && at > 0;
        let needs = if is_broken {
            content.min(WORDS)
        } else {
            content
        };
        used += needs;
        column.set_constraint(if used > width && at > 0 {
            ColumnConstraint::Hidden
        } else if is_broken {
            ColumnConstraint::LowerBoundary(Width::Fixed(needs + GAP.1))
        } else {
            ColumnConstraint::ContentWidth
        });
        used += GAP.1;
    }
}

/// Fields below one another; those with nothing in them are left out.
pub(super) fn details(screen: Screen, details: Vec<Detail>) -> String {
    let mut table = empty();
    for (name, cell) in details {
        if cell != Cell::Empty {
            let cell = match cell {
                // Numbers stand to the left beside words.
                Cell::Number(number) => Cell::Text(number),
                cell => cell,
            };
            table.add_row([title(name), shown(&cell)]);
        }
    }
    finished(table, screen)
}

fn empty() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn finished(mut table: Table, screen: Screen) -> String {
    if let Some(width) = screen.width.or_else(|| table.width()) {
        table.set_width(width);
    }
    table.force_no_tty();
    if screen.colours {
        table.enforce_styling();
    }
    for column in table.column_iter_mut() {
        column.set_padding(GAP);
    }
    // What is in the first column is copied: no line ends in it.
    if let Some(first) = table.column_mut(0) {
        first.set_constraint(ColumnConstraint::ContentWidth);
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

fn title(title: &str) -> Shown {
    Shown::new(title).add_attribute(Attribute::Bold)
}

fn shown(cell: &Cell) -> Shown {
    let shown = Shown::new(cell.short());
    match cell {
        Cell::Number(_) => shown.set_alignment(CellAlignment::Right),
        Cell::Good(_) => shown.fg(Color::Green),
        Cell::Bad(_) => shown.fg(Color::Red),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::column, *};

    const PLAIN: Screen = Screen {
        colours: false,
        width: Some(26),
    };

    fn sample() -> Vec<Vec<Cell>> {
        let long = "words that do not fit beside";
        vec![
            vec![
                Cell::text("key_0123"),
                Cell::number(7),
                Cell::Good("in".into()),
            ],
            vec![Cell::text("key_4567"), Cell::Empty, Cell::text(long)],
        ]
    }

    const COLUMNS: [Column; 3] = [column("ID", "id"), column("N", "n"), column("STATE", "s")];

    #[test]
    fn a_table_fits_its_width_and_breaks_no_id() {
        let text = rows(PLAIN, &COLUMNS, sample());
        assert!(text.lines().all(|line| line.len() <= 26), "{text}");
        assert!(text.contains("\nkey_4567 "), "{text}");
    }

    #[test]
    fn a_column_that_has_no_room_is_left_out() {
        let narrow = Screen {
            width: Some(20),
            ..PLAIN
        };
        assert_eq!(
            rows(narrow, &COLUMNS, sample()),
            "ID        N\nkey_0123  7\nkey_4567\n"
        );
    }

    #[test]
    fn colours_are_there_where_they_are_wanted() {
        let screen = Screen {
            colours: true,
            width: None,
        };
        assert!(rows(screen, &COLUMNS, sample()).contains("\u{1b}["));
        assert!(!rows(PLAIN, &COLUMNS, sample()).contains('\u{1b}'));
    }

    #[test]
    fn a_field_with_nothing_in_it_is_left_out() {
        let text = details(
            PLAIN,
            vec![("NAME", Cell::text("Ann")), ("CUSTOMER", Cell::Empty)],
        );
        assert_eq!(text, "NAME  Ann\n");
    }
}
