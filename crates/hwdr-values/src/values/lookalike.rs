//! Characters that look like YAML's own but are not: blanks and quotes of web pages and word processors.

/// Whether a character looks like a blank, or is invisible, but is not a blank in YAML.
pub fn is_odd_blank(character: char) -> bool {
    matches!(
        character,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200d}' | '\u{202f}' | '\u{205f}' | '\u{2060}' | '\u{3000}'
    )
}

/// The text with plain blanks instead of odd ones; those without a width are removed.
pub fn plain_blanks(text: &str) -> String {
    let visible = text.chars().filter(|c| !matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}'));
    visible.map(|c| if is_odd_blank(c) { ' ' } else { c }).collect()
}

/// Whether a character is a typographic quote, which word processors and web pages write instead of `"` and `'`.
pub fn is_curly(character: char) -> bool {
    matches!(
        character,
        '\u{2018}'..='\u{201f}' | '\u{2032}' | '\u{2033}' | '\u{ab}' | '\u{bb}' | '\u{ff02}' | '\u{ff07}'
    )
}

/// The text inside its quotes, at least one of which is typographic, if plain quotes can hold it unchanged.
pub fn inside_curly(text: &str) -> Option<&str> {
    let is_quote = |c: char| is_curly(c) || matches!(c, '"' | '\'');
    let inner = text.strip_prefix(is_quote)?.strip_suffix(is_quote)?;
    let inner = inner.strip_prefix(is_curly).and_then(|inner| inner.strip_suffix(is_curly)).unwrap_or(inner);
    let plain = !inner.is_empty() && !inner.contains(|c| is_quote(c) || c == '\\');
    (plain && text.contains(is_curly)).then_some(inner)
}
