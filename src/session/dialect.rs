//! How exactly the server words its errors: Neo4j 5 often sends 50N42 and no cause where later ones are precise.

/// The server's way of reporting errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Dialect {
    /// Neo4j 5.
    Five,
    /// Later ones.
    #[default]
    Later,
}

impl Dialect {
    /// By the `server` of HELLO's SUCCESS, such as `Neo4j/5.26.30`.
    pub(crate) fn of(server: &str) -> Self {
        let four_or_five = ["Neo4j/4.", "Neo4j/5."].iter().any(|start| server.starts_with(start));
        if four_or_five { Self::Five } else { Self::Later }
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn the_server_says_which_it_is() {
        for (server, expected) in [
            ("Neo4j/5.26.30", Dialect::Five),
            ("Neo4j/4.4.1", Dialect::Five),
            ("Neo4j/2026.08.1", Dialect::Later),
            ("Neo4j/50.1", Dialect::Later),
            ("", Dialect::Later),
        ] {
            assert_eq!(Dialect::of(server), expected, "{server}");
        }
    }
}
