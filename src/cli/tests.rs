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
    let mut root = Cli::command().bin_name("facebolt");
    root.build();
    let names: Vec<String> = root.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    assert!(names.contains(&"serve".to_owned()), "{names:?}");
    let commands = names.iter().map(|name| root.find_subcommand(name).unwrap().clone());
    for mut command in commands.chain([root.clone()]) {
        for help in [command.render_help().to_string(), command.render_long_help().to_string()] {
            let name = command.get_name();
            assert!(help.contains("\nExample:\n"), "{name} has no example:\n{help}");
            assert!(help.lines().count() <= LINES, "{name} has too many lines:\n{help}");
            assert!(help.lines().all(|line| line.chars().count() <= COLUMNS), "{name} is too wide:\n{help}");
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
