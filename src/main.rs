//! The binary: parse, run, map the result to an exit code. Everything else is in the library.

use std::process::ExitCode;

use hmmsize::exit::Exit;

#[global_allocator]
static ALLOCATOR: hmmsize::elf::HugePages = hmmsize::elf::HugePages;

fn main() -> ExitCode {
    hmmsize::elf::HugePages::large_steps();
    let cli = match hmmsize::cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(err) => {
            let _ = err.print();
            return if err.use_stderr() { Exit::Input } else { Exit::Ok }.into();
        }
    };
    hmmsize::exit::report_panics();
    let result = std::panic::catch_unwind(|| hmmsize::commands::run(cli));
    match result {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(err)) => {
            if !err.is_broken_pipe() {
                hmmsize::exit::say(&format_args!("hmmsize: error: {err}"));
            }
            err.exit().into()
        }
        // The hook of `report_panics` has already said what happened.
        Err(_) => Exit::Input.into(),
    }
}
