//! `facebolt check`

use clap::Args;

use super::settings::Settings;
use super::{CommandError, block_on, print};
use crate::config::{Backend, Config};
use crate::transport::{DialError, Dialer};

/// Ask whether the backend can be reached: ok, or what is wrong
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  facebolt check --backend bolt://127.0.0.1:7687

Exit status: 0 if all is ok, 1 if not, 2 if the configuration is wrong")]
pub(super) struct Check {
    #[command(flatten)]
    settings: Settings,
}

impl Check {
    pub(super) fn run(self) -> Result<(), CommandError> {
        let config = self.settings.load()?.config;
        let findings = block_on(findings(&config))?;
        print(&findings.iter().map(Finding::line).collect::<String>())?;
        if findings.iter().all(|finding| finding.answer.is_ok()) {
            Ok(())
        } else {
            Err(CommandError::Unhealthy)
        }
    }
}

/// One question with its answer: what was found, or what is wrong and how to mend it.
struct Finding {
    about: &'static str,
    answer: Result<String, String>,
}

impl Finding {
    fn line(&self) -> String {
        match &self.answer {
            Ok(found) => format!("ok      {:<10} {found}\n", self.about),
            Err(wrong) => format!("failed  {:<10} {wrong}\n", self.about),
        }
    }
}

/// Every question, in the order in which a later one makes sense only if an earlier one is ok.
async fn findings(config: &Config) -> Vec<Finding> {
    vec![Finding { about: "backend", answer: backend(&config.backend).await }]
}

/// Whether there is something at the backend's address, and TLS with it if it is asked for.
async fn backend(backend: &Backend) -> Result<String, String> {
    let url = &backend.url;
    let dialer = Dialer::new(backend).map_err(|error| error.to_string())?;
    match dialer.dial(None).await {
        Ok(_) => Ok(format!("{url} accepts connections")),
        Err(DialError::Timeout) => Err(format!(
            "{url} does not answer within {}; is a firewall between, or backend.url wrong?",
            humantime::format_duration(backend.connect_timeout)
        )),
        Err(error @ DialError::Tls(_)) => Err(format!("{url}: {error}")),
        Err(error) => Err(format!("{url} cannot be connected to: {error}; start Neo4j, or set backend.url")),
    }
}
