//! What the promises share: a driver, statements and their failures.

use neo4rs::{ConfigBuilder, Error, Graph, Query, Row, Txn, query};
use shared::{COUNT, env};
use tokio::runtime::{Builder, Runtime};

/// A promise of an async function.
macro_rules! keep {
    ($promise:ident) => {
        shared::Promise::Keep(|p| p.wait($promise(p)))
    };
}
pub(crate) use keep;

/// What a promise is tested against.
pub struct Probe {
    pub address: String,
    pub user: String,
    pub graph: Graph,
    password: String,
    runtime: Runtime,
}

impl Probe {
    /// With nothing on the server.
    pub fn clean() -> Self {
        let (address, user, password) = (env("ADDRESS"), env("USER"), env("PASSWORD"));
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let config = login(&format!("bolt://{address}"), &user, &password);
        let graph = runtime.block_on(async { connect(config.max_connections(20)) });
        let probe = Self { address, user, graph, password, runtime };
        probe.wait(probe.rows("MATCH (n:Probe|Face) DETACH DELETE n"));
        probe
    }

    pub fn wait<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    /// What connects to the same server by another scheme, or in another way.
    pub fn config(&self, scheme: &str) -> ConfigBuilder {
        login(&format!("{scheme}://{}", self.address), &self.user, &self.password)
    }

    pub async fn rows(&self, text: &str) -> Vec<Row> {
        rows(&self.graph, query(text)).await.unwrap()
    }

    pub async fn count(&self) -> i64 {
        integer(&self.rows(COUNT).await[0], "n")
    }
}

pub fn login(uri: &str, user: &str, password: &str) -> ConfigBuilder {
    ConfigBuilder::new().uri(uri).user(user).password(password)
}

pub fn connect(config: ConfigBuilder) -> Graph {
    Graph::connect(config.build().unwrap()).unwrap()
}

/// Runs a statement in auto-commit and reads its result to the end.
pub async fn rows(graph: &Graph, query: Query) -> Result<Vec<Row>, Error> {
    let mut stream = graph.execute(query).await?;
    let mut found = Vec::new();
    while let Some(row) = stream.next().await? {
        found.push(row);
    }
    Ok(found)
}

/// The same in an explicit transaction.
pub async fn rows_in(transaction: &mut Txn, query: Query) -> Result<Vec<Row>, Error> {
    let mut stream = transaction.execute(query).await?;
    let mut found = Vec::new();
    while let Some(row) = stream.next(transaction.handle()).await? {
        found.push(row);
    }
    Ok(found)
}

pub fn integer(row: &Row, key: &str) -> i64 {
    row.get(key).unwrap()
}

pub fn integers(rows: &[Row], key: &str) -> Vec<i64> {
    rows.iter().map(|row| integer(row, key)).collect()
}

/// Code and message of the server's error that `result` must be. Bolt 4.4 has no GQLSTATUS.
pub fn failure<T>(result: Result<T, Error>) -> (String, String) {
    match result {
        Err(Error::Neo4j(error)) => (error.code().to_owned(), error.message().to_owned()),
        Err(other) => panic!("not an error of the server: {other:?}"),
        Ok(_) => panic!("it did not fail"),
    }
}
