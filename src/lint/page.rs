//! The page of a rule: the `//!` lines at the head of its file.

/// GitHub's limit for a rule's description, in characters.
const MAX_DESCRIPTION: usize = 1024;

/// The page in Markdown: the file's leading `//!` lines.
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

/// What the rule does and why, as plain text; beyond GitHub's limit of 1,024 characters, only up to the sentence before it.
pub fn description(source: &str) -> String {
    let page = of(source);
    let prose = |heading: &'static str| {
        page.lines().skip_while(move |line| *line != heading).skip(1).take_while(|line| !line.starts_with("## "))
    };
    let lines = prose("## What it does").chain(prose("## Why is this bad"));
    let text = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ").replace(['`', '*'], "");
    if text.chars().count() <= MAX_DESCRIPTION {
        return text;
    }
    let cut: String = text.chars().take(MAX_DESCRIPTION).collect();
    cut.rsplit_once(". ").map_or(cut.clone(), |(whole, _)| format!("{whole}."))
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
