//! Parses the command line; opens the window, or runs without one.

/// Activations come and go by the megabyte; this allocator keeps their pages, where the system's gives them back each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    glassbox::cli::main()
}
