//! Photos to faces to embeddings.
