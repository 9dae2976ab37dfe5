//! `zoho-tokens`: see, move and mend tokens from a terminal.

mod advice;
mod args;
mod commands;
mod failure;
mod interrupt;
mod oauth;
mod output;
mod settings;
mod text;
mod transfer;

use std::process::ExitCode;

use clap::Parser;

use args::Args;
use failure::Failure;

fn main() -> ExitCode {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(commands::run(args));
            // A thread that waits for standard input or a database does not keep the program alive.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(Failure::io("the program cannot start", error)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
