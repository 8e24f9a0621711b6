use clap::CommandFactory as _;

use super::*;
use crate::config::Config;

/// A terminal of the smallest usual size, less the line of the prompt.
const LINES: usize = 23;
const COLUMNS: usize = 80;

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_help_fits_a_screen_and_has_an_example() {
    let root = Cli::command();
    let mut asked: Vec<Vec<&str>> = vec![vec![]];
    asked.extend(root.get_subcommands().map(|command| vec![command.get_name()]));
    assert!(asked.contains(&vec!["serve"]), "{asked:?}");
    for command in asked {
        for flag in ["-h", "--help"] {
            let line = [&["facebolt"], command.as_slice(), &[flag]].concat();
            let help = Cli::try_parse_from(&line).unwrap_err().to_string();
            assert!(help.contains("\nExample:\n"), "{line:?} has no example:\n{help}");
            assert!(help.lines().count() <= LINES, "{line:?} has too many lines:\n{help}");
            assert!(
                help.lines().all(|text| text.chars().count() <= COLUMNS),
                "{line:?} is too wide:\n{help}"
            );
        }
    }
}

#[test]
fn the_defaults_in_the_help_are_the_real_ones() {
    let Config { listen, backend, callback, admin, .. } = Config::default();
    let help = Cli::command().find_subcommand_mut("serve").unwrap().render_help().to_string();
    for default in [
        listen.address.to_string(),
        backend.url.to_string(),
        callback.url.to_string(),
        admin.listen.unwrap().to_string(),
    ] {
        assert!(help.contains(&format!("[default: {default}]")), "{default}:\n{help}");
    }
}
