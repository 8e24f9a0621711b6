//! The functions in Cypher. Doubles are added in index order, as by a loop; null elements count as 0, or not
//! at all where lists are compared as multisets.

use super::Fails;

/// The text around the arguments of a call: `check a, b bind a, b value`.
#[derive(Debug)]
pub(super) struct Formula {
    /// Shows the arguments to a function that takes the same types. It is never evaluated.
    pub(super) check: String,
    /// Binds them.
    pub(super) bind: String,
    /// Computes the value and closes all brackets.
    pub(super) value: String,
}

impl Formula {
    /// The text of a function, with names that start with `base`.
    pub(super) fn new(function: &str, base: &str) -> Option<Self> {
        let text = Text { function, base };
        let value = match function {
            "euclideanDistance" => text.vectors(&text.distance()),
            "euclidean" => text.vectors(&format!("1.0 / (1.0 + {})", text.distance())),
            "cosine" => text.vectors(&text.cosine()),
            "pearson" => text.vectors(&text.pearson()),
            "jaccard" => text.jaccard(),
            "overlap" => text.overlap(),
            _ => return None,
        };
        let [a, b] = [text.name("a"), text.name("b")];
        let mistyped = format!("{} {}", text.mistyped(&a), text.mistyped(&b));
        // A number and a string in the list, so that it says nothing of the types of its elements.
        let value = format!(
            ", 0, '']] | head([{a} IN [{base}v[0]] | head([{b} IN [{base}v[1]] | CASE {mistyped} {value} END])])]) END)"
        );
        Some(Self {
            check: "toFloat(CASE WHEN false THEN vector.similarity.euclidean(".to_owned(),
            bind: format!(") ELSE head([{base}v IN [["),
            value,
        })
    }
}

/// The pieces of a formula.
struct Text<'a> {
    function: &'a str,
    base: &'a str,
}

impl Text<'_> {
    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.base)
    }

    /// Fails with `rest`. What is no list of numbers is known only when it is evaluated.
    fn fail(&self, rest: &str) -> String {
        let Self { function, base } = self;
        format!("toFloat(CASE WHEN false THEN 0.0 ELSE [${base}t, '{function}', {rest}] END)")
    }

    /// Fails if `list` is no list of numbers. What is a map is taken for the one element of a list.
    fn mistyped(&self, list: &str) -> String {
        let e = self.name("e");
        // In a list comprehension, a bar ends the predicate.
        let odd = format!("NOT ({e} IS :: INTEGER OR {e} IS :: FLOAT)");
        let wanted =
            format!("CASE WHEN {list} IS :: LIST<ANY> OR {list} IS :: MAP THEN 'Number' ELSE 'List' END");
        let found = format!(
            "CASE WHEN {list} IS :: LIST<ANY> THEN head([{e} IN {list} WHERE {odd}]) ELSE {list} END"
        );
        format!(
            "WHEN NOT {list} IS :: LIST<INTEGER | FLOAT> AND \
             (NOT {list} IS :: LIST<ANY> OR any({e} IN {list} WHERE {odd})) THEN {}",
            self.fail(&format!("{wanted}, {found}"))
        )
    }

    fn missing(&self, list: &str, fails: Fails) -> String {
        format!("WHEN {list} IS NULL THEN {}", self.fail(&format!("'{}'", fails.word())))
    }

    fn nulls(&self) -> String {
        let [a, b] = [self.name("a"), self.name("b")];
        format!("{} {}", self.missing(&a, Fails::First), self.missing(&b, Fails::Second))
    }

    /// `value` of two lists of the same size.
    fn vectors(&self, value: &str) -> String {
        let [a, b] = [self.name("a"), self.name("b")];
        let size = self.fail(&format!("'{}'", Fails::Size.word()));
        format!("{} WHEN size({a}) <> size({b}) OR size({a}) = 0 THEN {size} ELSE {value}", self.nulls())
    }

    /// The doubles of a list.
    fn doubles(&self, list: &str) -> String {
        let e = self.name("e");
        format!("[{e} IN {list} | coalesce({e} * 1.0, 0.0)]")
    }

    /// The sum of `term` over all indexes.
    fn sum(&self, term: &str) -> String {
        let [s, i, a] = [self.name("s"), self.name("i"), self.name("a")];
        format!("reduce({s} = 0.0, {i} IN range(0, size({a}) - 1) | {s} + {term})")
    }

    fn distance(&self) -> String {
        let [s, d, i, a, b] = ["s", "d", "i", "a", "b"].map(|name| self.name(name));
        let differences = format!(
            "[{i} IN range(0, size({a}) - 1) | coalesce({a}[{i}] * 1.0, 0.0) - coalesce({b}[{i}] * 1.0, 0.0)]"
        );
        format!("sqrt(reduce({s} = 0.0, {d} IN {differences} | {s} + {d} * {d}))")
    }

    /// `value` with two lists as `x` and `y`.
    fn with_lists(&self, x: &str, y: &str, value: &str) -> String {
        format!("head([{0}x IN [{x}] | head([{0}y IN [{y}] | {value}])])", self.base)
    }

    /// The cosine of `x` and `y`.
    fn angle(&self) -> String {
        let [x, y] = ["x", "y"].map(|name| format!("{}[{}]", self.name(name), self.name("i")));
        let [both, first, second] =
            [(&x, &y), (&x, &x), (&y, &y)].map(|(p, q)| self.sum(&format!("{p} * {q}")));
        format!("{both} / sqrt({first} * {second})")
    }

    fn cosine(&self) -> String {
        let [x, y] = ["a", "b"].map(|name| self.doubles(&self.name(name)));
        self.with_lists(&x, &y, &self.angle())
    }

    fn pearson(&self) -> String {
        let [e, s, m, r] = ["e", "s", "m", "r"].map(|name| self.name(name));
        let centred = |list: &str| {
            let list = self.doubles(&self.name(list));
            let mean = format!("reduce({s} = 0.0, {e} IN {list} | {s} + {e}) / size({})", self.name("a"));
            format!("head([{m} IN [{mean}] | [{e} IN {list} | {e} - {m}]])")
        };
        let correlation = self.with_lists(&centred("a"), &centred("b"), &self.angle());
        format!("head([{r} IN [{correlation}] | CASE WHEN isNaN({r}) THEN 0.0 ELSE {r} END])")
    }

    /// `value` with the elements of both lists as strings, `x` and `y`, and how many of `x` are `common`, `n`.
    fn multisets(&self, key: &str, common: &str, value: &str) -> String {
        let [e, i, n, x, y] = ["e", "i", "n", "x", "y"].map(|name| self.name(name));
        let [keys_a, keys_b] =
            ["a", "b"].map(|list| format!("[{e} IN {} WHERE {e} IS NOT NULL | {key}]", self.name(list)));
        let common = format!("size([{i} IN range(0, size({x}) - 1) WHERE {x}[{i}] IN {y} AND {common}])");
        self.with_lists(&keys_a, &keys_b, &format!("head([{n} IN [{common}] | {value}])"))
    }

    /// What two multisets share. Elements are the same if they are the same number, but for -0.0, which is
    /// itself alone.
    fn jaccard(&self) -> String {
        let [a, b, e, i, n, x, y] = ["a", "b", "e", "i", "n", "x", "y"].map(|name| self.name(name));
        let key = format!(
            "CASE WHEN {e} >= -9223372036854775808.0 AND {e} < 9223372036854775808.0 AND toInteger({e}) = {e} \
             AND toString({e}) <> '-0.0' THEN toString(toInteger({e})) ELSE toString({e}) END"
        );
        let value = format!(
            "CASE WHEN size({x}) + size({y}) = 0 THEN 1.0 ELSE {n} * 1.0 / (size({x}) + size({y}) - {n}) END"
        );
        let common = format!(
            "size([{e} IN {x}[..{i} + 1] WHERE {e} = {x}[{i}]]) <= size([{e} IN {y} WHERE {e} = {x}[{i}]])"
        );
        format!("WHEN {a} IS NULL OR {b} IS NULL THEN 0.0 ELSE {}", self.multisets(&key, &common, &value))
    }

    /// What two sets share, by the length of the shorter list. Elements are the same if they are the same number
    /// of the same type.
    fn overlap(&self) -> String {
        let [e, i, n, x, y] = ["e", "i", "n", "x", "y"].map(|name| self.name(name));
        let common = format!("NOT {x}[{i}] IN {x}[..{i}]");
        let smaller = format!("CASE WHEN size({x}) < size({y}) THEN size({x}) ELSE size({y}) END");
        let value =
            format!("CASE WHEN size({x}) = 0 OR size({y}) = 0 THEN 0.0 ELSE {n} * 1.0 / {smaller} END");
        format!("{} ELSE {}", self.nulls(), self.multisets(&format!("toString({e})"), &common, &value))
    }
}
