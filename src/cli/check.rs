//! `facebolt check`

mod backend;
mod bolt;
mod callback;
mod doors;
mod faces;

use std::error::Error;

use clap::Args;

use self::backend::Login;
use super::settings::Settings;
use super::{CommandError, block_on, print};
use crate::config::Config;

/// Ask everything once: ok, or what is wrong and how to mend it
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  NEO4J_PASSWORD=secret facebolt check --backend bolt://127.0.0.1:7687

Logs in as NEO4J_USERNAME (neo4j) with NEO4J_PASSWORD; without one, as nobody.
Exit status: 0 if all is ok, 1 if not, 2 if the configuration is wrong")]
pub(super) struct Check {
    #[command(flatten)]
    settings: Settings,
}

impl Check {
    pub(super) fn run(self) -> Result<(), CommandError> {
        let config = self.settings.load()?.config;
        block_on(check(&config, &Login::of_environment()))?
    }
}

/// Asks every question, and prints each answer as it comes. A later one makes sense only if earlier ones are ok.
async fn check(config: &Config, login: &Login) -> Result<(), CommandError> {
    let mut all_ok = true;
    let mut tell = |about: &str, answer: &Answer| {
        all_ok &= matches!(answer, Answer::Ok(_));
        print(&answer.line(about))
    };
    let doors = doors::find(config).await;
    for (about, answer) in &doors.answers {
        tell(about, answer)?;
    }
    let (backend, connection) = backend::reach(&config.backend).await;
    tell("backend", &backend)?;
    let (answer, connection) = backend::log_in(connection, login).await;
    tell("login", &answer)?;
    tell("callback", &callback::ask(config, login, connection, doors.served).await)?;
    let (models, engine) = faces::start(config);
    tell("models", &models)?;
    tell("embedding", &faces::embed(config, engine).await)?;
    if all_ok { Ok(()) } else { Err(CommandError::Unhealthy) }
}

/// What was found, or what is wrong and how to mend it, or why it could not be asked.
#[derive(Debug)]
enum Answer {
    Ok(String),
    Failed(String),
    Unknown(String),
}

impl Answer {
    fn line(&self, about: &str) -> String {
        let (state, text) = match self {
            Self::Ok(text) => ("ok", text),
            Self::Failed(text) => ("failed", text),
            Self::Unknown(text) => ("unknown", text),
        };
        // Some of Neo4j's messages have several lines.
        let text: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        format!("{state:<8}{about:<10} {}\n", text.join(" "))
    }
}

/// An error with all that is behind it.
fn whole(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Many texts hold their cause's already.
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
