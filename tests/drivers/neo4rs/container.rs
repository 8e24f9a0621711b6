//! Stands in for the file of this name that starts a Neo4j in Docker: it connects to the one of `NEO4J_TEST_URI`,
//! which is what that file does too where the variable is set.

use neo4rs::{ConfigBuilder, Graph};
use std::env::var;
use std::error::Error;

#[allow(dead_code)]
#[derive(Default)]
pub struct Neo4jContainerBuilder {
    config: ConfigBuilder,
}

#[allow(dead_code)]
impl Neo4jContainerBuilder {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with_enterprise_edition(self) -> Self {
        self
    }

    pub fn with_driver_config(mut self, config: ConfigBuilder) -> Self {
        self.config = config;
        self
    }

    pub fn modify_driver_config(mut self, change: impl FnOnce(ConfigBuilder) -> ConfigBuilder) -> Self {
        self.config = change(self.config);
        self
    }

    pub fn with_server_config(self, _key: &str, _value: impl Into<String>) -> Self {
        self
    }

    pub async fn start(self) -> Result<Neo4jContainer, Box<dyn Error + Send + Sync + 'static>> {
        Ok(Neo4jContainer::from_config(self.config).await)
    }
}

pub struct Neo4jContainer {
    graph: Graph,
}

#[allow(dead_code)]
pub struct Version {
    pub major: u64,
}

#[allow(dead_code)]
impl Neo4jContainer {
    pub async fn new() -> Self {
        Self::from_config(ConfigBuilder::default()).await
    }

    pub async fn from_config(config: ConfigBuilder) -> Self {
        let config = config
            .uri(var("NEO4J_TEST_URI").unwrap())
            .user(var("NEO4J_TEST_USER").unwrap())
            .password(var("NEO4J_TEST_PASS").unwrap())
            .build()
            .unwrap();
        Self { graph: Graph::connect(config).unwrap() }
    }

    pub fn graph(&self) -> Graph {
        self.graph.clone()
    }

    pub fn version(&self) -> Version {
        let major = var("NEO4J_VERSION_TAG").unwrap().split('.').next().unwrap().parse().unwrap();
        Version { major }
    }
}
