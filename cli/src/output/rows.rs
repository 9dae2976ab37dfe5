//! Rows: aligned on a terminal, tab-separated otherwise, or JSON objects.
//!
//! Up to a number of rows are kept, sorted and printed together. If there are more, they are printed
//! as they come, so that memory does not grow with the store.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::Output;
use crate::failure::Failure;
use crate::text::printable;

/// How many rows are sorted. More of them do not fit a screen, and are for another program.
const SORTED: usize = 2_000;

const HEADER: Style = Style::new().bold();

/// A row: its cells, its colour, and the same as JSON.
#[derive(Debug)]
pub struct Row {
    pub cells: Vec<String>,
    pub mood: Mood,
    pub json: Value,
}

/// What a row means for its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Plain,
    Good,
    Warning,
    Bad,
}

impl Mood {
    pub fn style(self) -> Style {
        match self {
            Mood::Plain => Style::new(),
            Mood::Good => AnsiColor::Green.on_default(),
            Mood::Warning => AnsiColor::Yellow.on_default(),
            Mood::Bad => AnsiColor::Red.on_default(),
        }
    }
}

/// A table under way.
pub struct Rows {
    output: Output,
    header: &'static [&'static str],
    /// The column whose cell has the colour of the row.
    coloured: usize,
    kept: Vec<Row>,
    /// The widths of the columns, once rows are printed as they come.
    widths: Option<Vec<usize>>,
}

impl Rows {
    pub fn new(output: Output, header: &'static [&'static str], coloured: usize) -> Self {
        Rows {
            output,
            header,
            coloured,
            kept: Vec::new(),
            widths: None,
        }
    }

    /// A table whose rows are printed in the order in which they come, and at once if no column has
    /// to be aligned.
    pub fn unsorted(output: Output, header: &'static [&'static str], coloured: usize) -> Self {
        let mut rows = Rows::new(output, header, coloured);
        if !output.is_terminal || output.json {
            rows.widths = Some(Vec::new());
        }
        rows
    }

    pub fn push(&mut self, row: Row) -> Result<(), Failure> {
        if let Some(widths) = &self.widths {
            return self.output.print(&self.shown(&row, widths));
        }
        self.kept.push(row);
        match self.kept.len() > SORTED {
            true => self.flush(false),
            false => Ok(()),
        }
    }

    /// Prints the rows that were kept, sorted by their second column, then the first.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.flush(true)
    }

    /// Prints the rows that were kept, in the order in which they came.
    pub fn finish_unsorted(mut self) -> Result<(), Failure> {
        self.flush(false)
    }

    fn flush(&mut self, sorted: bool) -> Result<(), Failure> {
        let mut rows = std::mem::take(&mut self.kept);
        if rows.is_empty() {
            return Ok(());
        }
        if sorted {
            rows.sort_by(|one, other| {
                let key = |row: &Row| (row.cells.get(1).cloned(), row.cells.first().cloned());
                key(one).cmp(&key(other))
            });
        }
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.cells.get(column));
            let cells = cells.map(|cell| printable(cell).width());
            cells.chain([self.header[column].width()]).max()
        };
        let widths: Vec<usize> = (0..self.header.len()).filter_map(width).collect();
        let mut text = String::new();
        if self.output.is_terminal && !self.output.json {
            let header: Vec<_> = self.header.iter().map(|name| (*name).to_owned()).collect();
            text += &self.aligned(&header, &widths, None);
        }
        for row in &rows {
            text += &self.shown(row, &widths);
        }
        self.widths = Some(widths);
        self.output.print(&text)
    }

    fn shown(&self, row: &Row, widths: &[usize]) -> String {
        if self.output.json {
            return format!("{}\n", row.json);
        }
        if !self.output.is_terminal {
            let cells = row.cells.iter();
            let cells: Vec<_> = cells.map(|cell| printable(cell)).collect();
            return format!("{}\n", cells.join("\t"));
        }
        self.aligned(&row.cells, widths, Some(row.mood))
    }

    /// The columns as people see them: ids are long, and come last.
    fn order(&self) -> Vec<usize> {
        let mut columns: Vec<_> = (0..self.header.len()).collect();
        if self.header.len() > 2 && self.header[0] == "ID" {
            columns.rotate_left(1);
        }
        columns
    }

    /// A line of a table. Without a mood it is the header.
    fn aligned(&self, cells: &[String], widths: &[usize], mood: Option<Mood>) -> String {
        let mut line = String::new();
        let order = self.order();
        for (position, &column) in order.iter().enumerate() {
            let cell = printable(&cells[column]);
            let width = widths.get(column).copied().unwrap_or_default();
            let padding = match position + 1 == order.len() {
                true => 0,
                false => width.saturating_sub(cell.width()) + 2,
            };
            let style = match mood {
                None => HEADER,
                Some(mood) if column == self.coloured => mood.style(),
                Some(_) => Style::new(),
            };
            let _ = write!(line, "{style}{cell}{style:#}{:padding$}", "");
        }
        line.push('\n');
        line
    }
}
