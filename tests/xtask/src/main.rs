//! The project's own commands. Run them as `cargo xtask COMMAND`, from any folder of the workspace.

mod demo;
mod fuzz;

use clap::{Parser, Subcommand};

/// Commands for people who work on Switchboard.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Log one call into a pretend CRM on this machine, through the real program and a real connector library
    Demo,
    Fuzz(fuzz::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Demo => demo::run(),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
    }
}
