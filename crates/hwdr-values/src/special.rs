//! Characters that a reader does not show, or does not take for text.

/// What a character is in YAML 1.1, YAML 1.2, JSON or a terminal, unless it is plain text in all of them. (No text contains surrogates:
/// readers refuse them.)
pub fn special(character: char) -> Option<&'static str> {
    Some(match character {
        '\n' | '\r' => "a line break",
        '\u{85}' | '\u{2028}' | '\u{2029}' => "a line break to YAML 1.1",
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => "a control character",
        '\u{feff}' => "a byte order mark",
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "a sign that turns the direction of text"
        }
        '\u{ad}'
        | '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => "invisible",
        '\u{fdd0}'..='\u{fdef}' => "no character",
        other if u32::from(other) & 0xfffe == 0xfffe => "no character",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Tree;

    #[test]
    fn text_is_not_special() {
        for character in ('\0'..=char::MAX).filter(|character| character.is_alphanumeric()) {
            // Letters without a shape: Hangul fillers.
            let filler = matches!(character, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
            assert!(special(character).is_none() || filler, "{character:?}");
        }
        assert_eq!((' '..='~').find(|character| special(*character).is_some()), None);
    }

    /// Characters that break a line in a block, are not allowed in YAML, or are lost.
    #[test]
    fn what_yaml_does_not_take_as_it_stands_is_special() {
        let read = |characters: &[char]| {
            let items = characters.iter().map(|character| format!("- |\n  a{character}b\n"));
            let tree = Tree::parse(&items.collect::<String>()).ok()?;
            let items = tree.items(*tree.roots().first()?).iter();
            Some(items.map(|item| tree.scalar(*item).unwrap_or_default().to_owned()).collect::<Vec<_>>())
        };
        let stands = |characters: &[char]| {
            let texts = characters.iter().map(|character| format!("a{character}b\n"));
            read(characters) == Some(texts.collect())
        };
        // The parsers treat all later characters alike.
        let characters: Vec<char> = ('\0'..='\u{ffff}').chain('\u{10fff0}'..=char::MAX).collect();
        for some in characters.chunks(512).filter(|some| !stands(some)) {
            for character in some.iter().filter(|character| !stands(&[**character])) {
                assert!(special(*character).is_some(), "{character:?}");
            }
        }
    }
}
