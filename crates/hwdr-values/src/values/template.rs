//! Files that are templates of values (helmfile's `.gotmpl`, Jinja, Helm's own), which are not YAML before they are rendered.

#![expect(clippy::string_slice, reason = "positions were found in this very text")]

use std::sync::Arc;

use super::ValuesError;
use crate::source::{Place, Source, Span};

/// The message about a template.
const MESSAGE: &str = "this file is a template, not values: render it, and use the result. If the chart itself is to fill in the {{ … }}, put it in \
                       quotes: \"{{ … }}\"";

/// Explains an unreadable text as a template, if it is one.
pub(super) fn explain(error: ValuesError, source: &Arc<Source>) -> ValuesError {
    match first_action(&source.text) {
        Some(span) => {
            ValuesError { message: MESSAGE.to_owned(), place: Some(Place::new(source.clone(), span)), ..error }
        }
        None => error,
    }
}

/// File extensions of templates.
const ENDINGS: [&str; 6] = [".gotmpl", ".tmpl", ".tpl", ".j2", ".jinja", ".jinja2"];

/// Refuses a file with a template's extension and an action in it, even if it is valid YAML: `a: "{{ b }}"`.
///
/// # Errors
/// If it is a template.
pub fn refuse_template(source: &Arc<Source>) -> Result<(), ValuesError> {
    let named = ENDINGS.iter().any(|ending| source.name.ends_with(ending));
    let action = ["{{", "{%"].iter().filter_map(|open| source.text.find(open)).min().filter(|_| named);
    match action {
        Some(at) => Err(ValuesError::refused(MESSAGE, Some(Place::new(source.clone(), Span::new(at, at + 2))))),
        None => Ok(()),
    }
}

/// The first `{{ … }}`, `{% … %}` or `{# … #}` where YAML has no use for one: at the start of a line or of a value. Texts in quotes
/// and blocks (`|`) may contain them for the chart's own templates.
fn first_action(text: &str) -> Option<Span> {
    let mut offset = 0;
    let mut block: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        let content = content.trim_end();
        let at = offset + indent;
        offset += line.len();
        if content.is_empty() || block.is_some_and(|parent| indent > parent) {
            continue;
        }
        block = None;
        if is_action(content) {
            return Some(Span::new(at, at + 2));
        }
        if content.starts_with('#') {
            continue;
        }
        let value = content.find(": {").or_else(|| content.find("- {")).map(|found| found + 2);
        if let Some(value) = value.filter(|value| is_action(&content[*value..])) {
            return Some(Span::new(at + value, at + value + 2));
        }
        let last = content.rsplit([' ', '\t']).next().unwrap_or_default();
        if last.starts_with(['|', '>']) {
            block = Some(indent);
        }
    }
    None
}

fn is_action(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|open| text.starts_with(open))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::read_one;

    #[test]
    fn a_template_is_called_one_where_its_first_action_stands() {
        for (text, line) in [
            ("a: 1\n{{- if .Values.x }}\nb: 1\n{{- end }}\n", 2),
            ("a: {{ requiredEnv \"X\" | quote }}\n", 1),
            ("a: {{ .Values.x }}\n", 1),
            ("a:\n  - {{ x }}\n  - {{ y }}\n", 2),
            ("{% for h in hosts %}\n- {{ h }}\n{% endfor %}\n", 1),
            ("{# a comment #}\na: {{ b }}\n", 1),
            ("a:\n{% if b %}\n  c: 1\n{% endif %}\n", 2),
        ] {
            let error = read_one(Source::new("values.yaml.gotmpl", text)).expect_err(text);
            assert_eq!(error.message, MESSAGE, "{text}");
            let place = error.place.expect("a place");
            assert_eq!(place.source.line_column(place.span.start).0, line, "{text}");
        }
    }

    #[test]
    fn what_the_charts_own_templates_render_is_no_template() {
        for text in [
            "a: '{{ .Release.Name }}'\nb: [1\n",
            "a: |\n  {{- if x }}\n  {{- end }}\nb: [1\n",
            "a: >-\n\n  {{ x }}\nb: [1\n",
            "- |\n  {{ x }}\n",
            "# {{ x }}\na: [1\n",
            "a: {b: 1}}\n",
        ] {
            let error = read_one(Source::new("values.yaml", text)).expect_err(text);
            assert_ne!(error.message, MESSAGE, "{text}");
        }
    }
}
