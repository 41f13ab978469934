//! Rows of cells, for people and for programs.

/// Writes a line a row, for a person: aligned columns.
pub(super) fn aligned(rows: &[impl AsRef<[String]>]) -> String {
    let mut widths = Vec::new();
    for row in rows {
        let cells = row.as_ref();
        widths.resize(widths.len().max(cells.len()), 0);
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String]| {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, &width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(|row| line(row.as_ref())).collect()
}

/// Writes a line a row, for a program: cells between tabs.
pub(super) fn separated(rows: &[impl AsRef<[String]>]) -> String {
    let lines = rows.iter().map(|row| row.as_ref().join("\t") + "\n");
    lines.collect()
}
