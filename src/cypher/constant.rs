//! Constant expressions.

use std::collections::HashSet;

use super::lexer::Kind;
use super::token::Tokens;

/// An expression known from the text and the parameters alone.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A decimal, hexadecimal or octal integer.
    Integer(i64),
    /// A number with a point or an exponent, `inf`, `nan`.
    Float(f64),
    /// A string, escapes decoded.
    String(String),
    /// `[..]`
    List(Vec<Expr>),
    /// `{..}`, in order of the text. Of a key given twice the last counts.
    Map(Vec<(String, Expr)>),
    /// `$name`
    Parameter(String),
}

/// How deep lists and maps may nest.
const DEPTH: usize = 64;

/// The tokens `first..end` as a constant. None: they are something else.
pub(super) fn constant(tokens: &Tokens<'_>, first: usize, end: usize) -> Option<Expr> {
    let mut parser = Parser { tokens, at: first, end: end.min(tokens.len()) };
    let constant = parser.expression(DEPTH)?;
    (parser.at == parser.end).then_some(constant)
}

struct Parser<'a, 'd> {
    tokens: &'a Tokens<'d>,
    at: usize,
    end: usize,
}

impl<'d> Parser<'_, 'd> {
    fn kind(&self) -> Option<Kind> {
        if self.at < self.end { self.tokens.kind(self.at) } else { None }
    }

    fn text(&self) -> &'d str {
        if self.at < self.end { self.tokens.text(self.at) } else { "" }
    }

    /// Steps over `symbol` if it stands here.
    fn symbol(&mut self, symbol: &str) -> bool {
        let here = self.kind() == Some(Kind::Symbol) && self.text() == symbol;
        self.at += usize::from(here);
        here
    }

    fn expression(&mut self, depth: usize) -> Option<Expr> {
        let depth = depth.checked_sub(1)?;
        if self.symbol("-") {
            return self.number(true);
        }
        if self.symbol("+") {
            return self.number(false);
        }
        if self.symbol("(") {
            let inner = self.expression(depth)?;
            return self.symbol(")").then_some(inner);
        }
        if self.symbol("[") {
            return Some(Expr::List(self.items("]", |parser| parser.expression(depth))?));
        }
        if self.symbol("{") {
            return Some(Expr::Map(self.items("}", |parser| parser.entry(depth))?));
        }
        if self.symbol("$") {
            let name = parameter(self.tokens, self.at)?;
            self.at += 1;
            return Some(Expr::Parameter(name));
        }
        let text = self.text();
        let constant = match self.kind()? {
            Kind::String => Expr::String(string(text)?),
            Kind::Word if text.eq_ignore_ascii_case("null") => Expr::Null,
            Kind::Word if text.eq_ignore_ascii_case("true") => Expr::Boolean(true),
            Kind::Word if text.eq_ignore_ascii_case("false") => Expr::Boolean(false),
            _ => return self.number(false),
        };
        self.at += 1;
        Some(constant)
    }

    /// What `close` ends, with commas between.
    fn items<T>(&mut self, close: &str, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = Vec::new();
        if self.symbol(close) {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if self.symbol(close) {
                return Some(items);
            }
            if !self.symbol(",") {
                return None;
            }
        }
    }

    fn entry(&mut self, depth: usize) -> Option<(String, Expr)> {
        let key = self.kind().and_then(|_| self.tokens.name(self.at))?.into_owned();
        self.at += 1;
        if !self.symbol(":") {
            return None;
        }
        Some((key, self.expression(depth)?))
    }

    fn number(&mut self, negative: bool) -> Option<Expr> {
        let text = self.text();
        let number = match self.kind()? {
            Kind::Number => number(text, negative)?,
            Kind::Word if ["inf", "infinity"].iter().any(|word| text.eq_ignore_ascii_case(word)) => {
                Expr::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY })
            }
            Kind::Word if text.eq_ignore_ascii_case("nan") => Expr::Float(f64::NAN),
            _ => return None,
        };
        self.at += 1;
        Some(number)
    }
}

/// The name of the parameter whose `$` stands before the token `at`.
pub(super) fn parameter(tokens: &Tokens<'_>, at: usize) -> Option<String> {
    match tokens.kind(at)? {
        Kind::Number => {
            let text = tokens.text(at);
            (!text.contains('.')).then(|| text.to_owned())
        }
        _ => tokens.name(at).map(|name| name.into_owned()),
    }
}

/// The names of all parameters, each once, in order of the text.
pub(super) fn parameters(tokens: &Tokens<'_>) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    for at in 1..tokens.len() {
        // `$all(..)` and `$any(..)` are labels.
        let label = (tokens.is(at, "ALL") || tokens.is(at, "ANY")) && tokens.symbol(at + 1) == "(";
        if tokens.symbol(at - 1) == "$"
            && !label
            && let Some(name) = parameter(tokens, at)
            && seen.insert(name.clone())
        {
            names.push(name);
        }
    }
    names
}

/// The value of a number. None: it has letters behind it, underscores where their meaning is not documented,
/// or it is out of range.
fn number(text: &str, negative: bool) -> Option<Expr> {
    if let Some(digits) = text.strip_prefix("0x") {
        return integer(digits, 16, negative);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return integer(digits, 8, negative);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
        let plain = text == "0" || !text.starts_with('0');
        let single = !text.contains("__") && !text.ends_with('_');
        return if plain && single { integer(&text.replace('_', ""), 10, negative) } else { None };
    }
    let decimal = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let value: f64 = if decimal { text.parse().ok()? } else { return None };
    value.is_finite().then_some(Expr::Float(if negative { -value } else { value }))
}

fn integer(digits: &str, radix: u32, negative: bool) -> Option<Expr> {
    let value = i128::from(u64::from_str_radix(digits, radix).ok()?);
    i64::try_from(if negative { -value } else { value }).ok().map(Expr::Integer)
}

/// The value of a string token. A backslash before a character that it does not escape stays.
fn string(text: &str) -> Option<String> {
    let inner = text.get(1..text.len().checked_sub(1)?)?;
    let mut value = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            value.push(character);
            continue;
        }
        match characters.next()? {
            't' => value.push('\t'),
            'b' => value.push('\u{8}'),
            'n' => value.push('\n'),
            'r' => value.push('\r'),
            'f' => value.push('\u{c}'),
            escaped @ ('\'' | '"' | '\\') => value.push(escaped),
            other => value.extend(['\\', other]),
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::super::unescape::Decoded;
    use super::*;

    fn read(text: &str) -> Option<Expr> {
        let decoded = Decoded::new(text)?;
        let tokens = Tokens::new(&decoded)?;
        constant(&tokens, 0, tokens.len())
    }

    #[test]
    fn literals_have_their_values() {
        let string = |text: &str| Expr::String(text.to_owned());
        for (text, value) in [
            ("NULL", Expr::Null),
            ("True", Expr::Boolean(true)),
            ("false", Expr::Boolean(false)),
            ("0", Expr::Integer(0)),
            ("- 12", Expr::Integer(-12)),
            ("+12", Expr::Integer(12)),
            ("1_000", Expr::Integer(1000)),
            ("0x1F", Expr::Integer(31)),
            ("-0x8000000000000000", Expr::Integer(i64::MIN)),
            ("0o17", Expr::Integer(15)),
            ("9223372036854775807", Expr::Integer(i64::MAX)),
            ("-9223372036854775808", Expr::Integer(i64::MIN)),
            ("1.5", Expr::Float(1.5)),
            ("-.5", Expr::Float(-0.5)),
            ("1e3", Expr::Float(1000.0)),
            ("1.5E-3", Expr::Float(0.0015)),
            ("-Infinity", Expr::Float(f64::NEG_INFINITY)),
            ("(((7)))", Expr::Integer(7)),
            (r#"'it\'s'"#, string("it's")),
            (r#""a\"b\n\\ \q \u0041 é""#, string("a\"b\n\\ \\q A é")),
            (r"'\\u0041'", string(r"\u0041")),
            ("$image", Expr::Parameter("image".into())),
            ("$`a``b`", Expr::Parameter("a`b".into())),
            ("$0", Expr::Parameter("0".into())),
            ("[]", Expr::List(vec![])),
            ("[1, 'a', [$p]]", {
                let inner = Expr::List(vec![Expr::Parameter("p".into())]);
                Expr::List(vec![Expr::Integer(1), string("a"), inner])
            }),
            ("{a: 1, `b c`: {}}", {
                let inner = ("b c".to_owned(), Expr::Map(vec![]));
                Expr::Map(vec![("a".to_owned(), Expr::Integer(1)), inner])
            }),
        ] {
            assert_eq!(read(text), Some(value), "{text}");
        }
        assert!(matches!(read("NaN"), Some(Expr::Float(value)) if value.is_nan()));
    }

    #[test]
    fn anything_else_is_not_constant() {
        for text in [
            "",
            "x",
            "n.url",
            "1 + 1",
            "'a' + 'b'",
            "f('a')",
            "[1,]",
            "[x]",
            "{a: x}",
            "{a}",
            "1.5f",
            "1__0",
            "007",
            "0x",
            "0x1_0",
            "1_0.5",
            "9223372036854775808",
            "-9223372036854775809",
            "1e999",
            "-$p",
            "--1",
            "-'a'",
            "$",
            "$(x)",
            "$1.5",
            "'a' 'b'",
            "(1",
            "[1",
            "NOT true",
            "`null`",
            "date('2020-01-01')",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(60)).is_some());
        assert_eq!(read(&nested(64)), None);
        assert_eq!(read(&nested(100_000)), None);
    }
}
