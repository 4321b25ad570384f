//! totsugo: arguments in, exit code out.

/// A run makes and drops millions of small texts on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    totsugo::cli::main(std::env::args_os()).code().into()
}
