//! `facebolt config`

use clap::Args;

use super::settings::Settings;
use super::{CommandError, print};
use crate::config::Entry;

/// Print the configuration in force, each value with where it came from
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  FACEBOLT_LISTEN__ADDRESS=0.0.0.0:7688 facebolt config | grep -v '# default'

What it prints is a facebolt.toml: facebolt config > facebolt.toml")]
pub(super) struct Config {
    #[command(flatten)]
    settings: Settings,
}

impl Config {
    pub(super) fn run(self) -> Result<(), CommandError> {
        print(&toml(&self.settings.load()?.explain()))
    }
}

/// The entries as TOML, with the origins as comments.
fn toml(entries: &[Entry]) -> String {
    let mut text = String::new();
    let mut current = "";
    for Entry { key, value, origin } in entries {
        let (section, name) = key.split_once('.').unwrap_or(("", key));
        if section != current {
            let gap = if current.is_empty() { "" } else { "\n" };
            text += &format!("{gap}[{section}]\n");
            current = section;
        }
        text += &format!("{:<44} # {origin}\n", format!("{name} = {value}"));
    }
    text
}
