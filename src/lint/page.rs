//! The page of a rule: the `//!` lines at the head of its file.

/// The page in Markdown: what the file's leading `//!` lines say.
pub fn of(source: &str) -> String {
    let mut page = String::new();
    for line in source.lines().map_while(|line| line.strip_prefix("//!")) {
        page.push_str(line.strip_prefix(' ').unwrap_or(line));
        page.push('\n');
    }
    page
}

/// The page's first paragraph on one line: what the rule finds.
pub fn summary(source: &str) -> String {
    of(source).lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The YAML of all code blocks under the heading `heading`.
pub fn examples(source: &str, heading: &str) -> Vec<String> {
    let page = of(source);
    let heading = format!("## {heading}");
    let Some(start) = page.lines().position(|line| line == heading) else { return Vec::new() };
    let section = page.lines().skip(start + 1).take_while(|line| !line.starts_with("## "));
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in section {
        match (&mut open, line) {
            (None, "```yaml") => open = Some(String::new()),
            (Some(_), "```") => blocks.extend(open.take()),
            (Some(block), line) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, _) => {}
        }
    }
    blocks
}
