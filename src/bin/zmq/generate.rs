//! Completions and man pages, made from what the command line is parsed with.
#![forbid(unsafe_code)]

use crate::cli::{Cli, ManArgs};
use crate::failure::{Failure, Outcome};
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use std::fs;

pub fn completions(shell: Shell) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "zmq", &mut text);
    crate::print(&text)
}

pub fn man(args: &ManArgs) -> Outcome {
    let command = Cli::command();
    let Some(folder) = &args.output else {
        let mut text = Vec::new();
        let page = Man::new(command).render(&mut text);
        page.map_err(|error| Failure::of_io(&error, "cannot make the page"))?;
        return crate::print(&text);
    };
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command, folder))
        .map_err(|error| Failure::of_io(&error, format!("cannot write to {}", folder.display())))
}
