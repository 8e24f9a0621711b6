//! Expressions as Neo4j writes them.

use super::Tokens;

/// The expression of the tokens `first..end` as Neo4j writes it, but for the parentheses that it puts around operators
/// within operators.
pub(super) fn written(tokens: &Tokens<'_>, first: usize, end: usize) -> String {
    let mut text = String::new();
    for at in first..end {
        let (before, symbol) = (tokens.symbol_before(at), tokens.symbol(at));
        let joined = at == first
            || matches!(before, "(" | "[" | "{" | "." | "$")
            || matches!(symbol, ")" | "]" | "}" | "," | "." | ":")
            // An index, or arguments.
            || matches!(symbol, "(" | "[")
                && matches!(before, "" | ")" | "]")
                && !tokens.is(at.wrapping_sub(1), "IN");
        text.push_str(if joined { "" } else { " " });
        let token = tokens.text(at);
        match token.strip_prefix('\'').and_then(|token| token.strip_suffix('\'')) {
            Some(string) if !string.contains(['"', '\\']) => text.extend(["\"", string, "\""]),
            _ => text.push_str(token),
        }
    }
    text
}
