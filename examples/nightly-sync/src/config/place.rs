//! Where in a text something stands.

use std::ops::Range;

use super::meant::Problem;

/// A problem at a place in a text.
pub(super) fn at(text: &str, span: &Range<usize>, problem: impl Into<String>) -> Problem {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Problem { line, column, problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let told = |span: Range<usize>| {
            let Problem { line, column, .. } = at("á = 1\nb = 2", &span, "");
            (line, column)
        };
        assert_eq!((told(0..1), told(2..3), told(7..8), told(99..100)), ((1, 1), (1, 2), (2, 1), (2, 6)));
    }
}
