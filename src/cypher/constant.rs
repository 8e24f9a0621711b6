//! Constant expressions.

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
