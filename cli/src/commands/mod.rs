//! The commands: each takes its part of the command line, and prints.

mod access_token;
mod check;
mod copy;
mod delete;
mod export;
mod import;
mod list;
mod login;
mod refresh;
mod reindex;
mod report;
mod revoke;
mod select;
mod shell;
mod show;
mod undelete;

use crate::args::{Args, Command};
use crate::failure::Failure;
use crate::interrupt::unless_pressed;
use crate::output::Output;
use crate::settings;

pub async fn run(args: Args) -> Result<(), Failure> {
    let output = Output::new(args.output);
    // These need no store.
    match &args.command {
        Command::Completions { shell } => return shell::completions(output, *shell),
        Command::Man => return shell::manual(output),
        _ => {}
    }
    let store = unless_pressed(settings::store(&args.store)).await?;
    match args.command {
        Command::List(list) if list.deleted => unless_pressed(list::deleted(store, output)).await,
        Command::List(list) => unless_pressed(list::list(store, output, &list)).await,
        Command::Show(record) => unless_pressed(show::show(store, output, &record)).await,
        Command::Delete(delete) if delete.all => {
            unless_pressed(delete::all(store, output, delete.yes)).await
        }
        Command::Delete(delete) => unless_pressed(delete::one(store, output, delete)).await,
        Command::Login(login) => login::login(store, output, login).await,
        // These finish a request to Zoho that was sent.
        Command::AccessToken(args) => access_token::access_token(store, output, args).await,
        Command::Refresh(args) => refresh::refresh(store, output, args).await,
        Command::Revoke(args) => revoke::revoke(store, output, args).await,
        Command::Undelete { id, yes } => {
            unless_pressed(undelete::undelete(store, output, &id, yes)).await
        }
        Command::Check { read_only } => {
            unless_pressed(check::check(store, output, read_only)).await
        }
        Command::Reindex => unless_pressed(reindex::reindex(store, output)).await,
        // These stop between two rows, and report the rows before.
        Command::Import(import) => import::import(store, output, import).await,
        Command::Copy(copy) => copy::copy(store, output, &args.store, copy).await,
        Command::Export(export) => unless_pressed(export::export(store, output, export)).await,
        Command::Completions { .. } | Command::Man => Ok(()),
    }
}
