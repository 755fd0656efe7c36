//! Words of somebody else in one line of ours: what would move a cursor, turn the direction of reading, or begin a line of
//! its own is shown instead of done.

/// A text as one line, with every control character made visible.
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Unicode has pictures of the old control characters.
            '\u{0}'..='\u{1f}' => out.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => out.push('␡'),
            '\u{80}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                out.push_str(&format!("⟨U+{:04X}⟩", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}

/// A line of output that a build machine takes for no command: those begin with `::`, or hold `##[`.
/// Source: <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>.
pub fn no_command(line: &str) -> String {
    let line = line.replace("##[", "## [");
    let words = line.trim_start();
    if let Some(rest) = words.strip_prefix("::") {
        let space = &line[..line.len() - words.len()];
        return format!("{space}: :{rest}");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_somebody_else_moves_a_line() {
        assert_eq!(one_line("a\u{1b}[31mb\r\nc\u{8}\u{7f}\t\u{202e}d\u{85}"), "a␛[31mb␍␊c␈␡␉⟨U+202E⟩d⟨U+0085⟩");
        assert_eq!(one_line("It’s – fine ☃"), "It’s – fine ☃");
        assert_eq!(no_command("  ::error file=x::y"), "  : :error file=x::y");
        assert_eq!(no_command("x ##[error]y ::z"), "x ## [error]y ::z");
    }
}
