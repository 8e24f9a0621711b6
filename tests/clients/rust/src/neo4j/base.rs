//! What the promises share: a driver, statements and their failures.

use std::collections::HashMap;
use std::sync::Arc;

use neo4j::address::Address;
use neo4j::driver::auth::AuthToken;
use neo4j::driver::{ConnectionConfig, Driver, DriverConfig, EagerResult, Record};
use neo4j::session::SessionConfig;
use neo4j::{Neo4jError, ValueReceive, ValueSend};
use shared::{COUNT, env};

pub type Parameters = HashMap<String, ValueSend>;

pub fn parameters<const N: usize>(pairs: [(&str, ValueSend); N]) -> Parameters {
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

pub fn token(user: &str, password: &str) -> Arc<AuthToken> {
    Arc::new(AuthToken::new_basic_auth(user, password))
}

/// What a promise is tested against.
pub struct Probe {
    pub address: String,
    pub user: String,
    pub password: String,
    pub driver: Driver,
}

impl Probe {
    pub fn new(address: &str) -> Self {
        let (user, password) = (env("USER"), env("PASSWORD"));
        let driver = connect(address, false, |config| config.with_auth(token(&user, &password)));
        Self { address: address.to_owned(), user, password, driver }
    }

    /// With nothing on the server.
    pub fn clean() -> Self {
        let probe = Self::new(&env("ADDRESS"));
        probe.rows("MATCH (n:Probe|Face) DETACH DELETE n");
        probe
    }

    pub fn rows(&self, text: &str) -> Vec<Record> {
        run(&self.driver, SessionConfig::new(), text, &Parameters::new()).unwrap().records
    }

    pub fn with(&self, text: &str, values: &Parameters) -> Vec<Record> {
        run(&self.driver, SessionConfig::new(), text, values).unwrap().records
    }

    pub fn count(&self) -> i64 {
        integer(&self.rows(COUNT)[0], "n")
    }
}

pub fn connect(address: &str, routing: bool, configure: impl FnOnce(DriverConfig) -> DriverConfig) -> Driver {
    let (host, port) = address.rsplit_once(':').unwrap();
    let address = Address::from((host.to_owned(), port.parse::<u16>().unwrap()));
    Driver::new(ConnectionConfig::new(address).with_routing(routing), configure(DriverConfig::new()))
}

/// Runs a statement in auto-commit and reads its result to the end.
pub fn run(
    driver: &Driver,
    config: SessionConfig,
    text: &str,
    values: &Parameters,
) -> Result<EagerResult, Neo4jError> {
    let mut session = driver.session(config);
    let query = session.auto_commit(text).with_parameters(values);
    query.with_receiver(|stream| Ok(stream.try_as_eager_result()?.unwrap())).run()
}

pub fn integer(record: &Record, key: &str) -> i64 {
    match record.value(key) {
        Some(ValueReceive::Integer(number)) => *number,
        other => panic!("{key}: {other:?} is no integer"),
    }
}

/// Code, GQLSTATUS and message of the server's error that `result` must be.
pub fn failure<T>(result: Result<T, Neo4jError>) -> (String, String, String) {
    match result {
        Err(Neo4jError::ServerError { error, .. }) => {
            (error.code().to_owned(), error.gql_status.clone(), error.message().to_owned())
        }
        Err(other) => panic!("not an error of the server: {other:?}"),
        Ok(_) => panic!("it did not fail"),
    }
}
