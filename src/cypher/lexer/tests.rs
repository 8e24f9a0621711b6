use super::{Kind, Lexer};

fn kinds(text: &str) -> Vec<(Kind, &str)> {
    Lexer::new(text)
        .map(|token| {
            let range = usize::try_from(token.start).unwrap()..usize::try_from(token.end).unwrap();
            (token.kind, &text[range])
        })
        .collect()
}

fn texts(text: &str) -> Vec<&str> {
    kinds(text).into_iter().map(|(_, text)| text).collect()
}

#[test]
fn tokens_end_where_they_do_for_neo4j() {
    for (text, tokens) in [
        ("MATCH (n:A)-->(b)", "MATCH|(|n|:|A|)|-|-|>|(|b|)"),
        ("a<>b<=c>=d=~e+=f!=g", "a|<>|b|<=|c|>=|d|=~|e|+=|f|!=|g"),
        ("[1..3] [..3] [*1..]", "[|1|..|3|]|[|..|3|]|[|*|1|..|]"),
        ("1.5e-3 .5 1.x 1e5 1e+5 0xe+5 1_000 0o17", "1.5e-3|.5|1|.|x|1e5|1e+5|0xe|+|5|1_000|0o17"),
        ("x IS :: INT", "x|IS|::|INT"),
        ("a||b", "a||||b"),
        ("`a``b`.`c`", "`a``b`|.|`c`"),
        (r#"'it\'s' "\"" '\\'"#, r#"'it\'s'|"\""|'\\'"#),
        ("'two\nlines'", "'two\nlines'"),
        ("/* a /* b */ c // d\ne /**/ f//", "c|e|f"),
        ("a\u{a0}b\u{2003}c\u{1c}d\u{85}e", "a|b|c|d|e"),
        ("(a)‐[r]⟩(b)", "(|a|)|‐|[|r|]|⟩|(|b|)"),
        ("größe 名前 x1_2", "größe|名前|x1_2"),
        ("// only\r x", "x"),
        ("", ""),
    ] {
        assert_eq!(texts(text).join("|"), tokens, "{text}");
    }
}

#[test]
fn code_in_interpolated_strings_is_code() {
    assert_eq!(texts(r"s'a{x}b\'{ {k: s'{y}'} }' + z").join("|"), "s'|{|x|}|{|{|k|:|s'|{|y|}|'|}|}|'|+|z");
    assert_eq!(texts("ss'a{x}'").join("|"), "ss|'a{x}'");
    assert_eq!(texts("s 'a{x}'").join("|"), "s|'a{x}'");
    assert_eq!(kinds(r#"S"""#)[0].0, Kind::Interpolation);
}

#[test]
fn what_has_no_end_is_invalid_and_last() {
    for text in ["x 'a", "x \"a\\\"", "x `a``", "x /* y", "x s'a", "x s'{y", "x s'{'z'", "x '\\"] {
        let kinds = kinds(text);
        assert_eq!(kinds.last().unwrap().0, Kind::Invalid, "{text}");
        assert_eq!(kinds.iter().filter(|(kind, _)| *kind == Kind::Invalid).count(), 1, "{text}");
    }
    let deep = "s'{".repeat(100);
    assert_eq!(kinds(&deep).last().unwrap().0, Kind::Invalid);
}
