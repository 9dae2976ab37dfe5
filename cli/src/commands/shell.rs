//! `completions` and `man`: what the command line says about itself.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Args;
use crate::failure::Failure;
use crate::output::Output;

pub fn completions(output: Output, shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "zoho-tokens", &mut script);
    output.print(&String::from_utf8_lossy(&script))
}

/// The manual page of the program, with a section for each command.
pub fn manual(output: Output) -> Result<(), Failure> {
    let failed = |error| Failure::io("the manual page cannot be made", error);
    let mut page = Vec::new();
    let mut command = Args::command();
    command.build();
    clap_mangen::Man::new(command.clone())
        .render(&mut page)
        .map_err(failed)?;
    for part in command
        .get_subcommands()
        .filter(|part| part.get_name() != "help")
    {
        let man = clap_mangen::Man::new(part.clone());
        let title = format!(".SH \"{}\"\n", part.get_name().to_uppercase());
        page.extend_from_slice(title.as_bytes());
        man.render_synopsis_section(&mut page).map_err(failed)?;
        man.render_description_section(&mut page).map_err(failed)?;
        man.render_options_section(&mut page).map_err(failed)?;
        man.render_extra_section(&mut page).map_err(failed)?;
    }
    output.print(&String::from_utf8_lossy(&page))
}
