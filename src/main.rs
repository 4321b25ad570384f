//! totsugo: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    totsugo::cli::main(std::env::args_os()).code().into()
}
