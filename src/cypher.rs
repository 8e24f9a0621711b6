//! Cypher: what a text asks of us. Pure.
